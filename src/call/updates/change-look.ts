/**
 * The changes that were committed since the last look, exactly: each call_event row names the transaction that wrote it
 * (`written_by`), and a row is new if the snapshot of the last look could not see that transaction and this statement's
 * can. Neither the order of commits nor a transaction that stays open hides a change, or tells it twice.
 *
 * What the last snapshot could not see is what began after it, and what was in progress then. So a look reads the index from
 * the last snapshot's end on, and at the transactions in progress one by one: never what a long transaction has held up.
 *
 * The order makes the plan read that index. One that was made for an empty table might filter another index, which is as long as
 * the table, and it is kept.
 *
 * After a restore of a dump, rows name transactions of the other cluster. Those that have yet to come here are left out; when
 * they come, the look names a call that has not changed, and reading that changes nothing.
 */
import type { QueryResult } from 'pg';

/** More than this since the last look are not told one by one. */
export const MOST_SEEN = 5_000;

export interface SeenChange {
  readonly callSid: string;
  readonly number: number;
}

/** Where a look stood. */
export interface LookedUntil {
  readonly snapshot: string;
  /** When the server started: another server, or a server that was restored, counts its transactions anew. */
  readonly server: string;
}

export interface Look {
  readonly until: LookedUntil;
  /** Null where that cannot be told: there are too many, or the server is another one than at the last look. */
  readonly changes: readonly SeenChange[] | null;
}

type LookRow = LookedUntil & { readonly isGoingOn: boolean } & (
    SeenChange | { readonly callSid: null; readonly number: null }
  );

const asNumber = (transaction: string): string => `(${transaction}::text)::bigint`;

/** $1: the snapshot of the last look. */
const LOOK = `
with new as (
  (select call_sid, change_number from call_event
   where change_number is not null
     and written_by >= ${asNumber('pg_snapshot_xmax($1::pg_snapshot)')}
     and written_by < ${asNumber('pg_snapshot_xmax(pg_current_snapshot())')}
   order by written_by limit ${MOST_SEEN + 1})
  union all
  (select call_sid, change_number from call_event
   where change_number is not null
     and written_by = any(array(select ${asNumber('pg_snapshot_xip($1::pg_snapshot)')}))
   limit ${MOST_SEEN + 1})
)
select pg_current_snapshot()::text as snapshot, pg_postmaster_start_time()::text as server,
  pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax($1::pg_snapshot) as "isGoingOn",
  new.call_sid as "callSid", new.change_number as number
from (select) one left join new on true
`;

const BEGIN = 'select pg_current_snapshot()::text as snapshot, pg_postmaster_start_time()::text as server';

/** On one and the same connection, so that a server that was away in between is noticed. */
export type AskInSession = <Row extends object>(question: {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}) => Promise<QueryResult<Row>>;

/** Everything that is committed by now counts as seen. */
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
  if (!first.isGoingOn || server !== last.server || rows.length > MOST_SEEN) return { until, changes: null };
  return { until, changes: rows.filter((row) => row.callSid !== null) };
};
