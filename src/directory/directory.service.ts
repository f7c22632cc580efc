import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { preparedStatement } from '../postgres/prepared-statement.js';
import type { Freeze } from './freeze.entity.js';
import { inTurn, phonesOfRow } from './line-phones.js';
import { isOpenAt, openingHoursRule, type OpeningHours } from './opening-hours.js';
import { decryptSecret, type StoredSecret } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';
import { extensionOf } from './phone-columns.js';
import { firstShown, type ShownNumbers } from './shown-numbers.js';
import { isSuppressed } from './suppression-list.service.js';
import { idAndExternalId, isNamed } from './user-name.js';

interface Credentials {
  readonly externalId: string;
  readonly secret: string;
}

/** The directory's data about both parties of a call; null if unknown. */
export interface Parties {
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
  /** Of callerPhone; null for none. */
  readonly callerExtension: string | null;
  readonly calleeExtension: string | null;
  /** Whether the callee's number is on the suppression list. */
  readonly calleeSuppressed: boolean;
  /** Likewise the number of a caller by phone. False for a user, who asks for the call. */
  readonly callerSuppressed: boolean;
  /** For a call to customer service: the selected line. */
  readonly serviceLineId: string | null;
  /** How many calls the line has at a time; null: no limit, or no line. */
  readonly lineCallsAtOnce: number | null;
  /** The line's phones in the order in which this call tries them; empty if nothing is said but calleePhone. */
  readonly linePhones: readonly CalleePhone[];
  /** Those of the line, or else of the caller. */
  readonly shown: ShownNumbers;
  /** In force, and of all, of the caller, of a sub-account or of a country. */
  readonly freezes: readonly Pick<Freeze, 'kind' | 'subject'>[];
  /** The id at the provider of the caller's sub-account there; null if there is none. */
  subAccountId(provider: string): string | null;
  /** The caller's sub-account, by the provider's name. @throws Error if its secret cannot be decrypted */
  subAccount(provider: string): Credentials | null;
}

/** One of the phones of a line. */
export interface CalleePhone {
  readonly phone: string;
  readonly extension: string | null;
  /** Null where nothing is said of it. */
  readonly ringSeconds: number | null;
  readonly isSuppressed: boolean;
}

/** As SQL. The kinds are named, so that the index on freezes in force is used. */
const freezesFor = (callerId: string): string => `
  (
    select json_agg(json_build_object('kind', kind, 'subject', subject)) from call_freeze
    where lifted_at is null and (kind in ('all', 'sub_account', 'country') or kind = 'user' and subject = ${callerId}::text)
  )`;

/** How many open lines are looked at, in their order. */
const MAX_LINES = 100;

/** As SQL: those of a line's phones whose numbers are on the suppression list. @param phones json */
const suppressedOf = (phones: string): string => `
  (
    select json_agg(one.phone)
    from json_array_elements(case when json_typeof(${phones}) = 'array' then ${phones} end) as item,
      split_part(item ->> 'phone', ';', 1) as one (phone)
    where ${isSuppressed('one.phone')}
  )`;

/** @param suppressed of the callee's phones */
const find = (callee: string, suppressed: string): string => `
select caller.phone as "callerPhone", ${extensionOf('caller')} as "callerExtension",
  callee.phone as "calleePhone", ${extensionOf('callee')} as "calleeExtension", callee.service_line_id as "serviceLineId",
  callee.calls_at_once as "lineCallsAtOnce", callee.hours as "lineHours",
  caller.shown as "callerShown", callee.shown as "lineShown",
  callee.phones as "linePhones", callee.hunt as "lineHunt", callee.last_phone as "lineLastPhone",
  ${suppressed} as "suppressedPhones",
  ${isSuppressed('callee.phone')} as "calleeSuppressed", ${freezesFor('caller.id')} as freezes,
  (
    select json_object_agg(provider, json_build_object('externalId', external_id, 'secret', secret, 'keyName', key_name))
    from sub_account where user_id = $1
  ) as "subAccounts"
from (select) as one
left join app_user caller on caller.id = $1
left join lateral (${callee}) callee on true
order by callee.position, callee.service_line_id
`;
const NO_LINE =
  'null::bigint as service_line_id, null::integer as calls_at_once, null::json as hours, null::json as shown, 0 as position, ' +
  'null::json as phones, null::text as hunt, null::text as last_phone';
const findUser = preparedStatement<Row>(
  'find-parties',
  find(`select phone, phone_with_extension, ${NO_LINE} from app_user where id = $2`, 'null::json'),
);
const findService = preparedStatement<Row>(
  'find-parties-of-service',
  find(
    `
    select phone, phone_with_extension, id as service_line_id, calls_at_once, hours, shown, position, phones, hunt, last_phone
    from service_line where open order by position, id limit ${MAX_LINES}
  `,
    suppressedOf('callee.phones'),
  ),
);

const findNamed = preparedStatement<NamedRow>(
  'find-named-parties',
  `
select caller.id as "callerId", coalesce(caller.blocked, false) as "callerBlocked", caller.phone as "callerPhone",
  ${extensionOf('caller')} as "callerExtension", callee.id as "calleeId", coalesce(line.phone, callee.phone) as "calleePhone",
  case when line.id is null then ${extensionOf('callee')} else ${extensionOf('line')} end as "calleeExtension",
  line.id as "serviceLineId", line.open as "lineOpen", line.calls_at_once as "lineCallsAtOnce", line.hours as "lineHours",
  caller.shown as "callerShown", line.shown as "lineShown",
  line.phones as "linePhones", line.hunt as "lineHunt", line.last_phone as "lineLastPhone",
  ${suppressedOf('line.phones')} as "suppressedPhones",
  ${isSuppressed('coalesce($6, line.phone, callee.phone)')} as "calleeSuppressed",
  ${isSuppressed('$7')} as "callerSuppressed", ${freezesFor('caller.id')} as freezes,
  (
    select json_object_agg(provider, json_build_object('externalId', external_id, 'secret', secret, 'keyName', key_name))
    from sub_account where user_id = caller.id
  ) as "subAccounts"
from (select) as one
left join app_user caller on ${isNamed('caller', '$1', '$2')}
left join app_user callee on ${isNamed('callee', '$3', '$4')}
left join service_line line on line.id = $5
`,
);

/** Users are named by id or external id; null where a phone is given instead. */
export interface NamedParties {
  readonly caller: string | null;
  readonly callee: string | null;
  readonly serviceLineId: string | null;
  /** In the form in which numbers are stored; null where a user or a line is named. */
  readonly calleePhone: string | null;
  /** Likewise. */
  readonly callerPhone: string | null;
}

export interface FoundParties {
  /** Of the user; null where none was named, or the directory has no such user. */
  readonly callerId: string | null;
  readonly callerBlocked: boolean;
  readonly calleeId: string | null;
  /** Whether the line is open now; null where there is no such line. */
  readonly lineOpen: boolean | null;
  readonly parties: Parties;
}

interface StoredCredentials extends StoredSecret {
  readonly externalId: string;
}

interface Row {
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
  readonly callerExtension: string | null;
  readonly calleeExtension: string | null;
  readonly serviceLineId: string | null;
  readonly lineCallsAtOnce: number | null;
  readonly lineHours: OpeningHours | null;
  readonly callerShown: ShownNumbers | null;
  readonly lineShown: ShownNumbers | null;
  readonly linePhones: unknown;
  readonly lineHunt: string | null;
  readonly lineLastPhone: string | null;
  /** Numbers alone. */
  readonly suppressedPhones: readonly string[] | null;
  readonly calleeSuppressed: boolean;
  readonly callerSuppressed?: boolean;
  readonly freezes: Parties['freezes'] | null;
  readonly subAccounts: Readonly<Record<string, StoredCredentials>> | null;
}

type NamedRow = Row & Omit<FoundParties, 'parties'>;

/** Reads the data about both parties of a new call in one statement. */
@Injectable()
export class DirectoryService {
  constructor(
    private readonly database: DataSource,
    @Inject(SUB_ACCOUNT_KEYS) private readonly keys: KeyRing,
  ) {}

  async findParties(callerId: string, calleeId: string): Promise<Parties> {
    const [row] = await findUser(this.database, [callerId, calleeId]);
    return partiesOf(row, callerId, this.keys);
  }

  /** With each service line that is open now as the callee, in their order; without a callee if none is. */
  async findPartiesOfService(callerId: string): Promise<readonly [Parties, ...Parties[]]> {
    const rows = await findService(this.database, [callerId]);
    const partiesIn = (row: Row | undefined): Parties => partiesOf(row, callerId, this.keys);
    const [first, ...others] = rows.filter(({ serviceLineId, lineHours }) => serviceLineId && isOpenNow(lineHours));
    if (first) return [partiesIn(first), ...others.map(partiesIn)];
    return [partiesIn(rows[0] && { ...rows[0], ...NO_CALLEE })];
  }

  /** For a backend or an administrator, who is told what exactly is wrong with whom they name. */
  async findNamedParties({
    caller,
    callee,
    serviceLineId,
    calleePhone,
    callerPhone,
  }: NamedParties): Promise<FoundParties> {
    const [row] = await findNamed(this.database, [
      ...idAndExternalId(caller),
      ...idAndExternalId(callee),
      serviceLineId,
      calleePhone,
      callerPhone,
    ]);
    if (!row) throw new Error('the directory has no answer');
    const { callerId, callerBlocked, calleeId, lineOpen, lineHours } = row;
    const parties = partiesOf(row, callerId ?? '', this.keys);
    return { callerId, callerBlocked, calleeId, lineOpen: lineOpen && isOpenNow(lineHours), parties };
  }
}

/** A line whose hours this version cannot read is closed. */
const isOpenNow = (hours: OpeningHours | null): boolean =>
  openingHoursRule(hours) === null && isOpenAt(hours, new Date());

const NO_CALLEE = {
  lineShown: null,
  linePhones: null,
  calleePhone: null,
  calleeExtension: null,
  serviceLineId: null,
  calleeSuppressed: false,
};

const linePhonesOf = (row: Row | undefined): readonly CalleePhone[] =>
  inTurn(phonesOfRow(row?.linePhones, row?.calleePhone ?? null), row?.lineHunt ?? null, row?.lineLastPhone ?? null).map(
    ({ phone: written, ringSeconds }) => {
      const [phone = '', extension = null] = written.split(';ext=', 2);
      return { phone, extension, ringSeconds, isSuppressed: row?.suppressedPhones?.includes(phone) ?? false };
    },
  );

const partiesOf = (row: Row | undefined, userId: string, keys: KeyRing): Parties => ({
  callerPhone: row?.callerPhone ?? null,
  calleePhone: row?.calleePhone ?? null,
  callerExtension: row?.callerExtension ?? null,
  calleeExtension: row?.calleeExtension ?? null,
  calleeSuppressed: row?.calleeSuppressed ?? false,
  callerSuppressed: row?.callerSuppressed ?? false,
  serviceLineId: row?.serviceLineId ?? null,
  lineCallsAtOnce: row?.lineCallsAtOnce ?? null,
  linePhones: linePhonesOf(row),
  shown: firstShown([row?.lineShown, row?.callerShown]),
  freezes: row?.freezes ?? [],
  subAccountId: (provider) => row?.subAccounts?.[provider]?.externalId ?? null,
  subAccount(provider) {
    const stored = row?.subAccounts?.[provider];
    return stored ? { externalId: stored.externalId, secret: decryptSecret(stored, { userId, provider }, keys) } : null;
  },
});
