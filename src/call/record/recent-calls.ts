/** The calls of the last day by caller and by number called, which the rates count. */
import type { DataSource } from 'typeorm';
import { LONGEST_RATE_SECONDS } from '../../config/setting-values.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';

export const callerSubject = (callerId: string): string => `caller ${callerId}`;
/** Of the different numbers that the caller calls. */
export const calleesSubject = (callerId: string): string => `callees of ${callerId}`;
export const calleeSubject = (phone: string): string => `callee ${phone}`;

/** As SQL: the entries that a rate may still count. */
const stillCounted = (column: string): string =>
  `array(select at from unnest(${column}) as one (at) where at > now() - interval '${LONGEST_RATE_SECONDS} seconds')`;

const find = preparedStatement<{ subject: string; placedAt: Date[]; callees: string[] | null; now: Date }>(
  'find-recent-calls',
  'select subject, placed_at as "placedAt", callees, now() as now from recent_calls where subject = any ($1::text[])',
);

export interface RecentCallsOf {
  of(subject: string): readonly Date[];
  /** The numbers that the caller has called. */
  calleesOf(callerId: string): readonly { readonly phone: string; readonly at: Date }[];
  /** By the database's clock, as the times are. */
  readonly now: Date;
}

export const findRecentCalls = async (database: DataSource, subjects: readonly string[]): Promise<RecentCallsOf> => {
  const rows = await find(database, [subjects]);
  const rowOf = (subject: string) => rows.find((row) => row.subject === subject);
  return {
    of: (subject) => rowOf(subject)?.placedAt ?? [],
    calleesOf(callerId) {
      const { placedAt = [], callees } = rowOf(calleesSubject(callerId)) ?? {};
      return placedAt.map((at, index) => ({ at, phone: callees?.[index] ?? '' }));
    },
    now: rows[0]?.now ?? new Date(),
  };
};

const BATCH = 1_000;

const IS_STALE = `cardinality(${stillCounted('placed_at')}) = 0`;

/**
 * By the primary key: an index by age would have to be written for each call. A call that is being placed has locked its
 * caller and then waits for its callee; the subjects are removed in another order, so no lock is waited for.
 */
const removeStale = preparedStatement<{ last: string | null }>(
  'remove-recent-calls',
  `
with batch as (
  select subject, ${IS_STALE} as is_stale from recent_calls where subject > $1 order by subject limit ${BATCH}
), removed as (
  delete from recent_calls where ctid = any (array(
    select ctid from recent_calls
    where subject = any (array(select subject from batch where is_stale)) and ${IS_STALE}
    for update skip locked
  ))
)
select case when count(*) = ${BATCH} then max(subject) end as last from batch
`,
);

/**
 * Removes what no rate counts any more among the next subjects behind `after`.
 * @returns the last of them; an empty text after the end, so that the next round begins with the first
 */
export const removeStaleCalls = async (database: DataSource, after: string): Promise<string> => {
  const [row] = await removeStale(database, [after]);
  return row?.last ?? '';
};
