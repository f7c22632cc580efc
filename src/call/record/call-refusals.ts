/** The statements that write and remove the calls that were not placed. */
import type { DataSource } from 'typeorm';
import { KEY_ORDER_SETTINGS } from '../../postgres/key-order.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { CallRefusal } from './call-refusal.entity.js';

export type RefusalToStore = Omit<CallRefusal, 'id' | 'at'>;

const store = preparedStatement(
  'store-refusals',
  `
insert into call_refusal
  (caller_id, caller_phone, callee_id, service_line_id, callee_phone, fault, reason, asked_by, request_id, checks, count)
select "callerId", "callerPhone", "calleeId", "serviceLineId", "calleePhone", fault, reason, "askedBy", "requestId", checks, count
from json_to_recordset($1) as refusal ("callerId" bigint, "callerPhone" text, "calleeId" bigint, "serviceLineId" bigint,
  "calleePhone" text, fault text, reason text, "askedBy" text, "requestId" text, checks jsonb, count integer)
`,
);

export const storeRefusals = async (database: DataSource, refusals: readonly RefusalToStore[]): Promise<void> => {
  await store(database, [JSON.stringify(refusals)]);
};

export const KEPT_DAYS = 30;
const BATCH = 1_000;

const REMOVE_OLD = `
delete from call_refusal where ctid = any (array(
  select ctid from call_refusal where at <= now() - interval '${KEPT_DAYS} days'
  order by at, id limit ${BATCH} for update skip locked
))
`;

/** @returns whether there may be more */
export const removeOldRefusals = (database: DataSource): Promise<boolean> =>
  database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    const [, removed] = await transaction.query<[unknown, number]>(REMOVE_OLD);
    return removed === BATCH;
  });
