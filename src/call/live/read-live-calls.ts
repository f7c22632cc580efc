/** Reads all live calls, and the changes between two positions, each with its call. */
import type { DataSource, EntityManager } from 'typeorm';
import { nextTurn } from '../../common/next-turn.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { SHOWN_COLUMNS, shownCall, type ShownCall, type ShownRow } from '../search/call-view.js';
import type { LivePosition } from './live-position.js';

/** If there are more changes between two positions, a new picture is cheaper. */
export const MAX_CHANGES = 5_000;
const CALLS_A_READ = 200;

/** All calls that are live at one instant. */
export interface Picture {
  readonly at: LivePosition;
  readonly chunks: readonly (readonly ShownCall[])[];
}

export interface StoredChange {
  readonly bytes: string;
  /** The record when the change was read. */
  readonly call: ShownCall;
}

export interface ChangesBetween {
  readonly until: LivePosition;
  /** Null if they cannot be listed: there are too many, or the server is not the one of the first position. */
  readonly changes: readonly StoredChange[] | null;
}

const asNumber = (transaction: string): string => `(${transaction}::text)::bigint`;
const SERVER = `round(extract(epoch from pg_postmaster_start_time()) * 1000)::bigint::text`;

const NOW = `select pg_current_snapshot()::text as snapshot, ${SERVER} as server`;

/** open_call has the live calls alone, in the order of their callSids. */
const CALLS = `
select ${SHOWN_COLUMNS}
from (select call_sid from open_call where call_sid > $1 order by call_sid limit ${CALLS_A_READ}) page
cross join lateral (select * from call_records where call_sid = page.call_sid and state < 4) call
order by call.call_sid`;

export const readPosition = preparedStatement<LivePosition>('live-position', NOW);

/** In one snapshot, so its position belongs to each of its calls. */
export const readPicture = (database: DataSource): Promise<Picture> =>
  database.transaction('REPEATABLE READ', async (transaction: EntityManager) => {
    const [at] = await transaction.query<[LivePosition]>(NOW);
    const chunks: ShownCall[][] = [];
    for (let rows: ShownRow[], after = ''; ; after = rows.at(-1)?.callSid ?? '') {
      rows = await transaction.query<ShownRow[]>(CALLS, [after]);
      if (rows.length > 0) chunks.push(rows.map(shownCall));
      if (rows.length < CALLS_A_READ) return { at, chunks };
      await nextTurn();
    }
  });

const UNTIL = 'coalesce($2::pg_snapshot, pg_current_snapshot())';

/** In each part, before it is counted: those that are not visible must not take the place of others. */
const IS_VISIBLE = `pg_visible_in_snapshot((written_by::text)::xid8, ${UNTIL})`;

/**
 * $1: the snapshot after which changes are read. $2: the one until which; null for now.
 *
 * As in change-look.ts: transactions that began after the first snapshot, and those that were in progress then.
 */
const readBetween = preparedStatement<BetweenRow>(
  'live-changes',
  `
with new as (
  select * from (
    (select call_sid, change_number, change, written_by from call_events
     where change_number is not null
       and written_by >= ${asNumber('pg_snapshot_xmax($1::pg_snapshot)')}
       and written_by < ${asNumber(`pg_snapshot_xmax(${UNTIL})`)}
       and ${IS_VISIBLE}
     order by written_by limit ${MAX_CHANGES + 1})
    union all
    (select call_sid, change_number, change, written_by from call_events
     where change_number is not null
       and written_by = any(array(select ${asNumber('pg_snapshot_xip($1::pg_snapshot)')}))
       and ${IS_VISIBLE}
     limit ${MAX_CHANGES + 1})
  ) written
)
select ${UNTIL}::text as snapshot, ${SERVER} as server,
  pg_snapshot_xmax(${UNTIL}) >= pg_snapshot_xmax($1::pg_snapshot) as "isGoingOn",
  new.change as bytes, ${SHOWN_COLUMNS}
from (select) one
left join new on true
left join lateral (select * from call_records where call_sid = new.call_sid) call on true
order by new.call_sid, new.change_number
`,
);

type BetweenRow = LivePosition &
  ShownRow & {
    readonly isGoingOn: boolean;
    readonly bytes: string | null;
  };

/** Those of each call in their order. @param until now, if it is not given */
export const readChangesBetween = async (
  database: DataSource,
  after: LivePosition,
  until?: LivePosition,
): Promise<ChangesBetween> => {
  const rows = await readBetween(database, [after.snapshot, until?.snapshot ?? null]);
  const [first] = rows;
  if (!first) throw new Error('the changes have no position');
  const { snapshot, server } = first;
  const position = { snapshot, server };
  if (!first.isGoingOn || server !== after.server || rows.length > MAX_CHANGES) {
    return { until: position, changes: null };
  }
  const changes = rows.flatMap((row) =>
    // Without its record, the call has been dropped meanwhile.
    row.bytes === null || (row.callSid as string | null) === null ? [] : [{ bytes: row.bytes, call: shownCall(row) }],
  );
  return { until: position, changes };
};
