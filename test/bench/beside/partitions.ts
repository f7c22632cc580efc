/**
 * What becomes of requests while the tables of 0.1.0 become partitions, and while a month of calls is dropped: how long the
 * longest statement takes. The load goes on without a pause on some connections, each statement as soon as the last one has ended.
 */
import { Client, DatabaseError } from 'pg';
import { DataSource } from 'typeorm';
import { PartitionByMonth1764823000000 } from '../../../migrations/1764823000000-partition-by-month.js';
import { applyCallEvent } from '../../../src/call/record/apply-call-event.js';
import { newCallSid } from '../../../src/call/record/call-sid.js';
import { openCall } from '../../../src/call/record/open-call.js';
import { dataSourceOptions } from '../../../src/database/data-source-options.js';
import { migrate } from '../../../src/database/migrate.js';
import { putHistory } from './call-history.js';
import type { Database } from './databases.js';
import type { Place } from './place.js';
import type { Aim, Report } from './report.js';
import { say } from './table.js';

const CALLS = 5_000_000;
const CONNECTIONS = 8;
/** Of load alone, for comparison. */
const ALONE_MS = 5_000;
const MAX_WAIT_CONVERTING_MS = 1_000;
const MAX_WAIT_DROPPING_MS = 200;
const MAX_DROP_MS = 1_000;
/** Behind the end of the first partition. */
const LATER_MS = 75 * 86_400_000;
const STAYS = [14_400, 14_400, 14_400];

interface Waits {
  readonly count: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

type Statement = (turn: number) => Promise<unknown>;

/** Runs the statements on all connections while the work goes on. */
const during = async (statements: readonly Statement[], work: () => Promise<unknown>): Promise<Waits> => {
  const times: number[] = [];
  let isOver = false;
  const loop = async (statement: Statement): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      const begin = performance.now();
      await statement(turn);
      times.push(performance.now() - begin);
    }
  };
  const loops = Promise.all(statements.map(loop));
  await Promise.race([loops, work()]);
  isOver = true;
  await loops;
  times.sort((a, b) => a - b);
  return { count: times.length, p99Ms: times[Math.floor(times.length * 0.99)] ?? NaN, longestMs: times.at(-1) ?? NaN };
};

const pause = (ms: number) => (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** As version 0.1.0: a call is placed, read, and ended by an event, by turns. */
const statementsOfBefore = async (place: Place, { url }: Database): Promise<Statement[]> => {
  const clients = Array.from({ length: CONNECTIONS }, () => new Client({ connectionString: url }));
  for (const client of clients) {
    await client.connect();
    place.started({ stop: () => client.end() });
  }
  return clients.map((client, index) => {
    let callSid = '';
    return (turn) => {
      if (turn % 3 === 0) callSid = newCallSid(new Date());
      const caller = String(5_000_000 + index);
      if (turn % 3 === 0) {
        return client.query({
          name: 'place',
          text: `with opened as (
              insert into call_record
                (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state, requested_at, changes,
                 sweep_at, deadline_at)
              values ($1, $2, 2013, '+8613900001001', '+8613800002013', 'bench', 'bench', 1, now(), 1, 'infinity', 'infinity')
              on conflict (caller_id) where state < 4 do nothing returning call_sid
            )
            insert into call_event (provider, event_id, call_sid, type, occurred_at, change_number, change)
            select 'ringback', call_sid || ':requested', call_sid, 'requested', now(), 1, '{"type":"call.requested"}' from opened`,
          values: [callSid, caller],
        });
      }
      if (turn % 3 === 1)
        return client.query({
          name: 'poll',
          text: 'select state from call_record where call_sid = $1',
          values: [callSid],
        });
      return client.query({
        name: 'end',
        text: `with call as materialized (select * from call_record where call_sid = $1 for update), event as (
            insert into call_event (provider, event_id, call_sid, type, occurred_at, change_number, change)
            select 'bench', $1 || ':ended', call_sid, 'ended', now(), 2, '{"type":"call.over"}' from call
            on conflict on constraint call_event_pkey do nothing returning event_id
          )
          update call_record set state = 4, end_reason = 'completed', ended_by = 'provider', ended_at = now(), changes = 2
          from event where call_record.call_sid = $1`,
        values: [callSid],
      });
    };
  });
};

/** Of this version, with calls of a month that stays. */
const statementsOfNow = (database: DataSource): Statement[] =>
  Array.from({ length: CONNECTIONS }, (_, index): Statement => {
    let callSid = '';
    return async (turn) => {
      if (turn % 2 === 0) {
        callSid = newCallSid(new Date(Date.now() + LATER_MS));
        return openCall(database, {
          callSid,
          callerId: String(6_000_000 + index),
          callerPhone: '+8613900001001',
          calleeId: '2013',
          serviceLineId: null,
          calleePhone: '+8613800002013',
          route: '',
          provider: 'bench',
          subAccount: 'bench',
          waitsForDialSlot: false,
          dialTimeoutSeconds: 14_400,
          longestRequestedSeconds: 14_400,
        });
      }
      const event = {
        provider: 'bench',
        eventId: `${callSid}:ended`,
        callSid,
        type: 'ended',
        occurredAt: null,
      } as const;
      return applyCallEvent(database, { ...event, endReason: 'completed' }, STAYS);
    };
  });

/** The tables as 0.1.0 has them. All rows are in the first partitions, so none is moved. */
const unpartition = async ({ url }: Database): Promise<void> => {
  const database = await new DataSource(dataSourceOptions(url, 1)).initialize();
  const { migrations } = dataSourceOptions('', 1);
  const later = migrations.length - migrations.indexOf(PartitionByMonth1764823000000);
  for (let left = later; left > 0; left--) await database.undoLastMigration();
  await database.destroy();
};

interface Drop {
  readonly name: string;
  /** Until other connections find neither the partition nor its locks. */
  readonly goneMs: number;
  /** Until PostgreSQL has deleted the files, which it does after it has released the locks. */
  readonly deletedMs: number;
}

const LOCK_NOT_AVAILABLE = '55P03';
const OLD = ['call_record', 'call_event', 'webhook_attempt', 'webhook_delivery'];

/** @returns null if none is left */
const dropOne = async (place: Place, database: Database): Promise<Drop | null> => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  place.started({ stop: () => client.end() });
  const left = (): Promise<{ name: string }[]> =>
    database.query('select name from call_partition where name = any ($1)', [OLD]);
  const before = (await left()).length;
  const begin = performance.now();
  const over = new AbortController();
  const deleting = client
    .query<{ name: string | null }>(
      `select call_partitions_drop(end_call_sid) as name from call_partition where name = any ($1) limit 1`,
      [OLD],
    )
    .catch((error: unknown) => {
      // The statement waits for its lock for 100 ms only.
      if (!(error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE)) throw error;
      return null;
    })
    .finally(() => {
      over.abort();
    });
  let goneMs = NaN;
  while (!over.signal.aborted) {
    if ((await left()).length < before) {
      goneMs = performance.now() - begin;
      break;
    }
    await pause(2)();
  }
  const result = await deleting;
  if (result === null) return dropOne(place, database);
  const name = result.rows[0]?.name;
  const deletedMs = performance.now() - begin;
  return name ? { name, goneMs: Number.isNaN(goneMs) ? deletedMs : goneMs, deletedMs } : null;
};

export const measurePartitions = async (place: Place): Promise<Report> => {
  const database = await place.databases.create('partitions');
  await putHistory(database, CALLS);
  // The calls of the history that are open would keep their month.
  await database.query(
    `update call_records set state = 4, end_reason = 'lost', ended_by = 'sweeper', ended_at = now() where state < 4`,
  );
  await unpartition(database);
  await database.query('vacuum analyze');
  await database.query('checkpoint');
  const before = await statementsOfBefore(place, database);
  const aloneBefore = await during(before, pause(ALONE_MS));
  const conversionBegin = performance.now();
  const converting = await during(before, () => migrate(database.url));
  const conversionMs = performance.now() - conversionBegin;
  say(
    `partitions: converted in ${(conversionMs / 1_000).toFixed(1)} s, longest wait ${converting.longestMs.toFixed(0)} ms`,
  );
  await database.query(
    `update call_records set state = 4, end_reason = 'lost', ended_by = 'sweeper', ended_at = now() where state < 4`,
  );

  const now = await new DataSource(dataSourceOptions(database.url, CONNECTIONS)).initialize();
  place.started({ stop: () => now.destroy() });
  const statements = statementsOfNow(now);
  const aloneNow = await during(statements, pause(ALONE_MS));
  const drops: Drop[] = [];
  const dropping = await during(statements, async () => {
    for (;;) {
      const drop = await dropOne(place, database);
      if (!drop) break;
      drops.push(drop);
    }
  });
  return reportOf({ aloneBefore, converting, conversionMs, aloneNow, dropping, drops });
};

interface Measured {
  readonly aloneBefore: Waits;
  readonly converting: Waits;
  readonly conversionMs: number;
  readonly aloneNow: Waits;
  readonly dropping: Waits;
  readonly drops: readonly Drop[];
}

const reportOf = ({ aloneBefore, converting, conversionMs, aloneNow, dropping, drops }: Measured): Report => {
  const row = (name: string, { count, p99Ms, longestMs }: Waits, took: string): string[] => [
    name,
    took,
    String(count),
    `${p99Ms.toFixed(1)} ms`,
    `${longestMs.toFixed(0)} ms`,
  ];
  const goneMs = drops.reduce((sum, drop) => sum + drop.goneMs, 0);
  const dropped = drops
    .map((drop) => `${drop.name} ${drop.goneMs.toFixed(0)} ms, its files ${drop.deletedMs.toFixed(0)} ms`)
    .join('; ');
  const aim = (text: string, ms: number, most: number): Aim => ({
    text: `${text}: under ${most} ms`,
    figure: `${ms.toFixed(0)} ms`,
    isReached: ms < most,
  });
  return {
    work: 'partitions',
    title: `${CALLS} calls, each with the event that ended it; statements on ${CONNECTIONS} connections without a pause`,
    head: ['', 'took', 'statements', 'p99', 'longest'],
    rows: [
      row('statements of 0.1.0 alone', aloneBefore, ''),
      row('while the tables become partitions', converting, `${(conversionMs / 1_000).toFixed(1)} s`),
      row('statements of this version alone', aloneNow, ''),
      row('while all these calls are dropped', dropping, dropped),
    ],
    aims: [
      aim('the longest statement during the conversion', converting.longestMs, MAX_WAIT_CONVERTING_MS),
      aim('the longest statement during the drop', dropping.longestMs, MAX_WAIT_DROPPING_MS),
      aim('the calls are gone: all four tables', goneMs, MAX_DROP_MS),
    ],
  };
};
