import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { preparedStatement } from '../postgres/prepared-statement.js';
import { decryptSecret, type StoredSecret } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';

interface Credentials {
  readonly externalId: string;
  readonly secret: string;
}

/** The two ends of a call as the directory knows them; null is what it does not know. */
export interface Parties {
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
  /** With a call to customer service, the line that was found. */
  readonly serviceLineId: string | null;
  hasSubAccount(provider: string): boolean;
  /** The caller's, by the provider's name. @throws Error where there is one whose secret cannot be read */
  subAccount(provider: string): Credentials | null;
}

const FIND = `
select caller.phone as "callerPhone", callee.phone as "calleePhone", callee.service_line_id as "serviceLineId",
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

interface StoredCredentials extends StoredSecret {
  readonly externalId: string;
}

interface Row {
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
  readonly serviceLineId: string | null;
  readonly subAccounts: Readonly<Record<string, StoredCredentials>> | null;
}

/** Whom we know, for the one who places a call: everything about both ends in one statement. */
@Injectable()
export class DirectoryService {
  constructor(
    private readonly database: DataSource,
    @Inject(SUB_ACCOUNT_KEYS) private readonly keys: KeyRing,
  ) {}

  async findParties(callerId: string, targetId: string): Promise<Parties> {
    return partiesOf(await findUser(this.database, [callerId, targetId]), callerId, this.keys);
  }

  /** With the first open service line as the callee. */
  async findPartiesOfService(callerId: string): Promise<Parties> {
    return partiesOf(await findService(this.database, [callerId]), callerId, this.keys);
  }
}

const partiesOf = ([row]: Row[], userId: string, keys: KeyRing): Parties => ({
  callerPhone: row?.callerPhone ?? null,
  calleePhone: row?.calleePhone ?? null,
  serviceLineId: row?.serviceLineId ?? null,
  hasSubAccount: (provider) => row?.subAccounts?.[provider] !== undefined,
  subAccount(provider) {
    const stored = row?.subAccounts?.[provider];
    return stored ? { externalId: stored.externalId, secret: decryptSecret(stored, { userId, provider }, keys) } : null;
  },
});
