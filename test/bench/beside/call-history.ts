/** A history of ten thousand or thirty million calls, each with its ended event, as after some years of operation: a partition a month. */
import type { DataSource } from 'typeorm';
import { changeBytes } from '../../../src/call/record/call-change.js';
import { fillWithCalls, MONTH_SECONDS, partitionByMonth } from '../../support/many-calls.js';
import type { Database } from './databases.js';
import { say } from './table.js';

const END = changeBytes({
  type: `'call.over'`,
  receivedAt: 'ended_at',
  callSid: 'call_sid',
  number: 'changes',
  state: 'state',
  endReason: 'end_reason',
  occurredAt: 'ended_at',
  callerId: 'caller_id',
  calleeId: 'callee_id',
  serviceLineId: 'service_line_id',
  metadata: 'metadata',
});

/** Unordered, like the ids of a provider. */
const EVENT_ID = `'SIM' || left(md5(call_sid), 24) || '-4'`;

/** @param months over which the calls are spread, each with its partition; undefined: as after an upgrade from 0.1.0 */
export const putHistory = async (database: Database, count: number, months?: number): Promise<void> => {
  const source = {
    query: (text: string, values?: unknown[]) => database.query(text, values),
  } as unknown as DataSource;
  if (months !== undefined) await partitionByMonth(source, months);
  const begin = performance.now();
  const done = (what: string): boolean =>
    say(`growth: ${what} of ${count} calls, ${((performance.now() - begin) / 1_000).toFixed(0)} s`);
  // Indexes are built at the end, in memory.
  await database.query(
    `do $$ begin execute format('alter database %I set maintenance_work_mem = ''512MB''', current_database()); end $$`,
  );
  await fillWithCalls(source, count, months === undefined ? 3 : (months * MONTH_SECONDS) / count);
  // Otherwise the sweeper would ask the provider about them at once.
  await database.query(
    `update call_records set sweep_at = now() + interval '1 day', deadline_at = now() + interval '1 day' where state < 4`,
  );
  // As long after an upgrade: the service has counted them.
  await database.query(`update statistics_progress set next_at = fill_until + interval '1 hour'`);
  done('records');
  const indexes = await database.query<{ name: string; definition: string }>(
    `select indexname as name, replace(indexdef, ' ON ONLY ', ' ON ') as definition from pg_indexes
     where tablename = 'call_events' and indexname <> 'call_events_pkey'`,
  );
  for (const { name } of indexes) await database.query(`drop index ${name}`);
  await database.query('alter table call_events drop constraint call_events_pkey');
  await database.query(
    `insert into call_events (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change)
     select provider, ${EVENT_ID}, call_sid, 'ended', ended_at, ended_at, changes, ${END}
     from call_records where state = 4`,
  );
  done('events');
  await database.query(
    'alter table call_events add constraint call_events_pkey primary key (call_sid, provider, event_id)',
  );
  for (const { definition } of indexes) await database.query(definition);
  await database.query('vacuum analyze call_events, call_records');
  done('indexes');
};
