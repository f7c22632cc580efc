import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { hotStatement } from '../database/hot-statement.js';
import { decryptSecret, type SecretOwner } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';

/** The two ends of a call as the directory knows them; null is what it does not know. */
export interface Parties {
  readonly callerPhone: string | null;
  readonly subAccount: { readonly externalId: string; readonly secret: string } | null;
  readonly calleePhone: string | null;
  /** With a call to customer service, the line that was found. */
  readonly serviceLineId: string | null;
}

const FIND = `
select caller.phone as "callerPhone", account.external_id as "externalId", account.secret,
  account.key_name as "keyName",
  callee.phone as "calleePhone", callee.service_line_id as "serviceLineId"
from (select $1::bigint as id) as asked
left join app_user caller on caller.id = asked.id
left join sub_account account on account.user_id = asked.id and account.provider = $2
left join lateral (CALLEE) callee on true
`;
const findUser = hotStatement<Row>(
  'find-parties',
  FIND.replace('CALLEE', 'select phone, null::bigint as service_line_id from app_user where id = $3'),
);
const findService = hotStatement<Row>(
  'find-parties-of-service',
  FIND.replace(
    'CALLEE',
    'select phone, id as service_line_id from service_line where open order by position, id limit 1',
  ),
);

interface Row {
  readonly callerPhone: string | null;
  readonly externalId: string | null;
  readonly secret: string | null;
  readonly keyName: string | null;
  readonly calleePhone: string | null;
  readonly serviceLineId: string | null;
}

/** Whom we know, for the one who places a call: everything about both ends in one statement. */
@Injectable()
export class DirectoryService {
  constructor(
    private readonly database: DataSource,
    @Inject(SUB_ACCOUNT_KEYS) private readonly keys: KeyRing,
  ) {}

  /** @throws Error where there is a sub-account whose secret cannot be read */
  async findParties(callerId: string, provider: string, targetId: string): Promise<Parties> {
    const rows = await findUser(this.database, [callerId, provider, targetId]);
    return partiesOf(rows, { userId: callerId, provider }, this.keys);
  }

  /** As above, with the first open service line as the callee. */
  async findPartiesOfService(callerId: string, provider: string): Promise<Parties> {
    const rows = await findService(this.database, [callerId, provider]);
    return partiesOf(rows, { userId: callerId, provider }, this.keys);
  }
}

const partiesOf = ([row]: Row[], owner: SecretOwner, keys: KeyRing): Parties => ({
  callerPhone: row?.callerPhone ?? null,
  subAccount: row ? subAccountOf(row, owner, keys) : null,
  calleePhone: row?.calleePhone ?? null,
  serviceLineId: row?.serviceLineId ?? null,
});

const subAccountOf = ({ externalId, secret, keyName }: Row, owner: SecretOwner, keys: KeyRing) =>
  externalId && secret ? { externalId, secret: decryptSecret({ secret, keyName }, owner, keys) } : null;
