import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { preparedStatement } from '../postgres/prepared-statement.js';
import type { Freeze } from './freeze.entity.js';
import { decryptSecret, type StoredSecret } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';
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
  /** Whether the callee's number is on the suppression list. */
  readonly calleeSuppressed: boolean;
  /** Likewise the number of a caller by phone. False for a user, who asks for the call. */
  readonly callerSuppressed: boolean;
  /** For a call to customer service: the selected line. */
  readonly serviceLineId: string | null;
  /** In force, and of all, of the caller, of a sub-account or of a country. */
  readonly freezes: readonly Pick<Freeze, 'kind' | 'subject'>[];
  /** The id at the provider of the caller's sub-account there; null if there is none. */
  subAccountId(provider: string): string | null;
  /** The caller's sub-account, by the provider's name. @throws Error if its secret cannot be decrypted */
  subAccount(provider: string): Credentials | null;
}

/** As SQL. The kinds are named, so that the index on freezes in force is used. */
const freezesFor = (callerId: string): string => `
  (
    select json_agg(json_build_object('kind', kind, 'subject', subject)) from call_freeze
    where lifted_at is null and (kind in ('all', 'sub_account', 'country') or kind = 'user' and subject = ${callerId}::text)
  )`;

const FIND = `
select caller.phone as "callerPhone", callee.phone as "calleePhone", callee.service_line_id as "serviceLineId",
  ${isSuppressed('callee.phone')} as "calleeSuppressed", ${freezesFor('caller.id')} as freezes,
  (
    select json_object_agg(provider, json_build_object('externalId', external_id, 'secret', secret, 'keyName', key_name))
    from sub_account where user_id = $1
  ) as "subAccounts"
from (select) as one
left join app_user caller on caller.id = $1
left join lateral (CALLEE) callee on true
`;
const findUser = preparedStatement<Row>(
  'find-parties',
  FIND.replace('CALLEE', 'select phone, null::bigint as service_line_id from app_user where id = $2'),
);
const findService = preparedStatement<Row>(
  'find-parties-of-service',
  FIND.replace(
    'CALLEE',
    'select phone, id as service_line_id from service_line where open order by position, id limit 1',
  ),
);

const findNamed = preparedStatement<NamedRow>(
  'find-named-parties',
  `
select caller.id as "callerId", coalesce(caller.blocked, false) as "callerBlocked", caller.phone as "callerPhone",
  callee.id as "calleeId", coalesce(line.phone, callee.phone) as "calleePhone",
  line.id as "serviceLineId", line.open as "lineOpen",
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
  /** Null where there is no such line. */
  readonly lineOpen: boolean | null;
  readonly parties: Parties;
}

interface StoredCredentials extends StoredSecret {
  readonly externalId: string;
}

interface Row {
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
  readonly serviceLineId: string | null;
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
    return partiesOf(await findUser(this.database, [callerId, calleeId]), callerId, this.keys);
  }

  /** Uses the first open service line as the callee. */
  async findPartiesOfService(callerId: string): Promise<Parties> {
    return partiesOf(await findService(this.database, [callerId]), callerId, this.keys);
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
    const { callerId, callerBlocked, calleeId, lineOpen } = row;
    const parties = partiesOf([row], callerId ?? '', this.keys);
    return { callerId, callerBlocked, calleeId, lineOpen, parties };
  }
}

const partiesOf = ([row]: Row[], userId: string, keys: KeyRing): Parties => ({
  callerPhone: row?.callerPhone ?? null,
  calleePhone: row?.calleePhone ?? null,
  calleeSuppressed: row?.calleeSuppressed ?? false,
  callerSuppressed: row?.callerSuppressed ?? false,
  serviceLineId: row?.serviceLineId ?? null,
  freezes: row?.freezes ?? [],
  subAccountId: (provider) => row?.subAccounts?.[provider]?.externalId ?? null,
  subAccount(provider) {
    const stored = row?.subAccounts?.[provider];
    return stored ? { externalId: stored.externalId, secret: decryptSecret(stored, { userId, provider }, keys) } : null;
  },
});
