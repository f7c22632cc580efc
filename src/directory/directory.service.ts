import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { hotStatement } from '../database/hot-statement.js';

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
  readonly calleePhone: string | null;
  readonly serviceLineId: string | null;
}

/** Whom we know, for the one who places a call: everything about both ends in one statement. */
@Injectable()
export class DirectoryService {
  constructor(private readonly database: DataSource) {}

  async findParties(callerId: string, provider: string, targetId: string): Promise<Parties> {
    return partiesOf(await findUser(this.database, [callerId, provider, targetId]));
  }

  /** With the first open service line as the callee. */
  async findPartiesOfService(callerId: string, provider: string): Promise<Parties> {
    return partiesOf(await findService(this.database, [callerId, provider]));
  }
}

const partiesOf = ([row]: Row[]): Parties => ({
  callerPhone: row?.callerPhone ?? null,
  subAccount: row?.externalId && row.secret ? { externalId: row.externalId, secret: row.secret } : null,
  calleePhone: row?.calleePhone ?? null,
  serviceLineId: row?.serviceLineId ?? null,
});
