/**
 * A look finds exactly the changes that were committed since the last look. Each call_events row names the transaction
 * that wrote it (`written_by`). A row is new if that transaction is visible to this statement and was not visible to
 * the snapshot of the last look. So neither the order of commits nor a long transaction hides a change or reports it
 * twice.
 * Transactions that the last snapshot could not see either began after it or were in progress. So a look reads the
 * index from the end of the last snapshot, and reads the transactions that were in progress one by one. It never reads
 * again what a long transaction holds up.
 * `order by` makes the plan use that index. A cached plan from an empty table might filter another index, which is as
 * long as the table.
 * After a restore of a dump, rows name transactions of the other cluster. Rows with higher transaction ids than this
 * cluster has reached are left out. When the cluster reaches them, the look reports a call that has not changed, and
 * reading it changes nothing.
 */
import type { QueryResult } from 'pg';

/** If there are more changes than this since the last look, they are not listed. */
export const MAX_SEEN = 5_000;

export interface SeenChange {
  readonly callSid: string;
  readonly number: number;
}

/** The position of a look. */
export interface LookedUntil {
  readonly snapshot: string;
  /** The start time of the server. Another server, or a restored one, counts its transactions anew. */
  readonly server: string;
}

export interface Look {
  readonly until: LookedUntil;
  /** Null if the changes cannot be listed: there are too many, or the server is not the one of the last look. */
  readonly changes: readonly SeenChange[] | null;
}

type LookRow = LookedUntil & { readonly isGoingOn: boolean } & (
    | SeenChange
    | { readonly callSid: null; readonly number: null }
  );

const asNumber = (transaction: string): string => `(${transaction}::text)::bigint`;

/**
 * $1: the snapshot of the last look.
 *
 * 1. `new`, first part: changes of transactions that began after that snapshot. At most MAX_SEEN + 1 rows.
 * 2. `new`, second part: changes of transactions that were in progress then.
 * The result has at least one row, with the new snapshot.
 */
const LOOK = `
with new as (
  (select call_sid, change_number from call_events
   where change_number is not null
     and written_by >= ${asNumber('pg_snapshot_xmax($1::pg_snapshot)')}
     and written_by < ${asNumber('pg_snapshot_xmax(pg_current_snapshot())')}
   order by written_by limit ${MAX_SEEN + 1})
  union all
  (select call_sid, change_number from call_events
   where change_number is not null
     and written_by = any(array(select ${asNumber('pg_snapshot_xip($1::pg_snapshot)')}))
   limit ${MAX_SEEN + 1})
)
select pg_current_snapshot()::text as snapshot, pg_postmaster_start_time()::text as server,
  pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax($1::pg_snapshot) as "isGoingOn",
  new.call_sid as "callSid", new.change_number as number
from (select) one left join new on true
`;

const BEGIN = 'select pg_current_snapshot()::text as snapshot, pg_postmaster_start_time()::text as server';

/** Runs on the feed's one connection, so that a restart of the server is noticed. */
export type AskInSession = <Row extends object>(question: {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}) => Promise<QueryResult<Row>>;

/** All changes that are committed by now count as seen. */
export const beginToLook = async (ask: AskInSession): Promise<LookedUntil> => {
  const [until] = (await ask<LookedUntil>({ name: 'begin-to-look', text: BEGIN, values: [] })).rows;
  if (!until) throw new Error('the look has no snapshot');
  return until;
};

export const look = async (ask: AskInSession, last: LookedUntil): Promise<Look> => {
  const { rows } = await ask<LookRow>({ name: 'look', text: LOOK, values: [last.snapshot] });
  const [first] = rows;
  if (!first) throw new Error('the look has no snapshot');
  const { snapshot, server } = first;
  const until = { snapshot, server };
  if (!first.isGoingOn || server !== last.server || rows.length > MAX_SEEN) return { until, changes: null };
  return { until, changes: rows.filter((row) => row.callSid !== null) };
};
