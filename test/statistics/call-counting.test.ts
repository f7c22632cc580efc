/**
 * The statistics equal the records after random stories: events late, repeated and out of order, amendments, ends that another
 * version or a person writes, workers that are killed and that work at once.
 */
import { DataSource } from 'typeorm';
import { CallCounting } from '../../src/call/statistics/call-counting.js';
import { CallStatistics, type GroupedBy, type Statistics } from '../../src/call/statistics/call-statistics.service.js';
import { QUARTER_MS, quarterOf } from '../../src/call/statistics/time-buckets.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { END_REASONS } from '../../src/call/record/call-lifecycle.js';
import { createLogger, type Logger } from '../../src/common/logger.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { collectedLog } from '../support/collected-log.js';
import { partitionByMonth } from '../support/many-calls.js';
import { applyEvent, endOpenCalls, storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

let testDatabase: TestDatabase;
let database: DataSource;
let statistics: CallStatistics;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 10)).initialize();
  statistics = new CallStatistics(database);
});
afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const counting = (source = database, logger: Logger = createLogger('silent')): CallCounting =>
  new CallCounting(source, { phoneRegion: 'CN' }, logger);

/** Reproducible. */
const dice = (seed: number): ((sides: number) => number) => {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
};

const NOW = Date.now();
/** The last hours, across a midnight of UTC and quarters. */
const HOURS = 30;
const RANGE = {
  from: new Date(quarterOf(new Date(NOW)).getTime() - HOURS * 4 * QUARTER_MS).toISOString(),
  to: new Date(quarterOf(new Date(NOW)).getTime() + 2 * QUARTER_MS).toISOString(),
};

const PROVIDERS = ['one', 'another'];
const PHONES = ['+8613800002000', '+85221234567', '+4930123456', '95588', '+80012345678'];

/** An open call that was requested at that time. @param byReplica the time by the clock of its replica */
const callAt = async (at: Date, roll: (sides: number) => number, byReplica = at): Promise<string> => {
  const { callSid } = await storeCall(database, {
    callSid: newCallSid(byReplica),
    provider: PROVIDERS[roll(2)]!,
    calleePhone: PHONES[roll(PHONES.length)]!,
    ...(roll(3) === 0 ? { calleeId: null, serviceLineId: String(1 + roll(2)) } : {}),
  });
  await database.query('update call_records set requested_at = $2 where call_sid = $1', [callSid, at]);
  return callSid;
};

/** Events of any kind, in any order, also after the end. */
const tellStory = async (callSid: string, at: Date, roll: (sides: number) => number): Promise<void> => {
  const events = 1 + roll(6);
  for (let number = 0; number < events; number++) {
    const type = (['ringing', 'answered', 'ended', 'refused', 'canceled', 'lost', 'expired'] as const)[roll(7)]!;
    await applyEvent(database, callSid, {
      type,
      eventId: `${callSid}:${type}:${roll(3)}`,
      occurredAt: new Date(at.getTime() + roll(90_000)),
      endReason: END_REASONS[roll(7)]!,
      ...(['canceled', 'lost', 'expired'].includes(type) && { provider: 'ringback' }),
    });
  }
};

const TALK = `case when answered_at is not null then round(greatest(0, extract(epoch from ended_at - answered_at))) end`;
/** Without one, null; `greatest` alone would make that 0. */
const DELAY = (column: string): string =>
  `case when ${column} is not null then greatest(0, extract(epoch from ${column} - requested_at)) end`;

interface Truth {
  readonly bucket: number;
  readonly key: string | null;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly delays: readonly (number | null)[];
}

const KEYS: Readonly<Record<GroupedBy, string>> = {
  none: 'null',
  provider: 'provider',
  serviceLine: 'service_line_id::text',
  country: `case when callee_phone like '+86%' or callee_phone not like '+%' then 'CN' when callee_phone like '+852%' then 'HK'
    when callee_phone like '+49%' then 'DE' end`,
};

/** By the records. */
const truth = (result: Statistics, by: GroupedBy): Promise<Truth[]> =>
  database.query<Truth[]>(
    `select width_bucket(requested_at, $1::timestamptz[]) - 1 as bucket, ${KEYS[by]} as key,
       json_build_object(
         'calls', count(*), 'answered', count(answered_at), 'completed', count(*) filter (where end_reason = 'completed'),
         'talkMinutes', coalesce(round(sum(${TALK}) / 60, 2), 0),
         'endReasons', json_build_object(${END_REASONS.map((reason) => `'${reason}', count(*) filter (where end_reason = '${reason}')`).join(', ')})
       ) as figures,
       array[
         percentile_disc(0.5) within group (order by ${DELAY('ringing_at')}),
         percentile_disc(0.95) within group (order by ${DELAY('ringing_at')}),
         percentile_disc(0.5) within group (order by ${DELAY('answered_at')}),
         percentile_disc(0.95) within group (order by ${DELAY('answered_at')})
       ]::float8[] as delays
     from call_records where state = 4 and requested_at >= $2 and requested_at < $3
     group by 1, 2 order by 1, 2`,
    [result.buckets.map(({ from }) => from), RANGE.from, RANGE.to],
  );

const expectEqual = async (by: GroupedBy, every: 'none' | 'hour' | 'day', timeZone: string): Promise<void> => {
  const result = await statistics.read({ ...RANGE, every, by, timeZone });
  const records = await truth(result, by);
  const found = result.buckets
    .flatMap(({ groups }, bucket) => groups.map((group) => ({ bucket, group })))
    .filter(({ group }) => group.calls > 0)
    .sort(
      (one, other) =>
        one.bucket - other.bucket || (one.group.key ?? '~').localeCompare(other.group.key ?? '~', 'en-US'),
    );
  const wanted = [...records].sort(
    (one, other) => one.bucket - other.bucket || (one.key ?? '~').localeCompare(other.key ?? '~', 'en-US'),
  );
  expect(
    found.map(({ bucket, group: { key, postDialDelay: _one, timeToAnswer: _other, ...figures } }) => ({
      bucket,
      key,
      figures,
    })),
  ).toEqual(wanted.map(({ bucket, key, figures }) => ({ bucket, key, figures })));
  for (const [index, { group }] of found.entries()) {
    const { postDialDelay, timeToAnswer } = group;
    const delays = [postDialDelay.median, postDialDelay.percentile95, timeToAnswer.median, timeToAnswer.percentile95];
    for (const [place, delay] of delays.entries()) {
      const exact = wanted[index]!.delays[place] ?? null;
      if (exact === null) expect(delay).toBeNull();
      else expect(Math.abs(delay! - exact)).toBeLessThanOrEqual(exact < 0.05 ? 0.025 : 0.05 * exact + 0.001);
    }
  }
};

const expectAllEqual = async (): Promise<void> => {
  await expectEqual('none', 'none', 'UTC');
  await expectEqual('none', 'hour', 'Asia/Kathmandu');
  await expectEqual('provider', 'hour', 'UTC');
  await expectEqual('serviceLine', 'day', 'Asia/Kolkata');
  await expectEqual('country', 'day', 'America/New_York');
};

const times = (count: number, roll: (sides: number) => number): Date[] =>
  Array.from({ length: count }, () => new Date(NOW - roll(HOURS * 3_600_000 - 2 * QUARTER_MS)));

const allCounted = async (): Promise<void> => {
  await waitFor('all ends to be counted', async () => {
    await counting().count();
    const [{ isCounted }] = await database.query<[{ isCounted: boolean }]>(
      'select not exists (select from end_to_count) as "isCounted"',
    );
    return isCounted;
  });
};

const compareAll = async (worker = counting()): Promise<void> => {
  while (await worker.compareNext());
};

it.each([1, 2, 3])('equals the records after random stories and amendments, seed %i', async (seed) => {
  const roll = dice(seed);
  const calls = times(120, roll);
  const callSids: string[] = [];
  for (const at of calls) callSids.push(await callAt(at, roll));
  for (let round = 0; round < 3; round++) {
    for (const [index, callSid] of callSids.entries()) {
      if (roll(2) === 0) await tellStory(callSid, calls[index]!, roll);
    }
    await allCounted();
    await expectAllEqual();
  }
  const { buckets } = await statistics.read({ ...RANGE, every: 'none', by: 'none', timeZone: 'UTC' });
  expect(buckets[0]!.groups[0]!.calls).toBeGreaterThan(60);
});

it('a comparison changes nothing while workers count and calls end', async () => {
  const roll = dice(7);
  const calls = times(150, roll);
  const callSids: string[] = [];
  for (const at of calls) callSids.push(await callAt(at, roll));
  // All quarters are due.
  await database.query(`update statistics_progress set fill_until = now() + interval '1 hour'`);
  const telling = { isOver: false };
  const ignoringConflicts = async (work: () => Promise<unknown>): Promise<void> => {
    while (!telling.isOver) {
      await work().catch((error: unknown) => {
        // Of two workers at once, PostgreSQL lets one go on.
        if ((error as { code?: unknown }).code !== '40001') throw error;
      });
      await database.query('update statistics_progress set next_at = null where next_at > now()');
    }
  };
  const workers = [1, 2].flatMap(() => [
    ignoringConflicts(() => counting().count()),
    ignoringConflicts(() => counting().compareNext()),
  ]);

  for (const [index, callSid] of callSids.entries()) await tellStory(callSid, calls[index]!, roll);
  telling.isOver = true;
  await Promise.all(workers);

  await allCounted();
  await expectAllEqual();
});

it('a worker that is killed while it counts has counted nothing, and the next one counts all', async () => {
  const roll = dice(11);
  for (const at of times(30, roll)) await tellStory(await callAt(at, roll), at, roll);
  const victim = await new DataSource({ ...dataSourceOptions(testDatabase.url, 1) }).initialize();
  const [{ pid }] = await victim.query<[{ pid: number }]>('select pg_backend_pid() as pid');
  const blocker = database.createQueryRunner();
  await blocker.startTransaction();
  await blocker.query('lock table call_statistics in access exclusive mode');

  const counted = counting(victim)
    .count()
    .then(
      () => 'counted',
      () => 'killed',
    );
  await waitFor('the worker to wait for the table', async () => {
    const [row] = await database.query<{ waits: boolean }[]>(
      `select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1`,
      [pid],
    );
    return row?.waits;
  });
  await database.query('select pg_terminate_backend($1)', [pid]);
  await waitFor('its session to be gone', async () => {
    const found = await database.query<unknown[]>('select from pg_stat_activity where pid = $1', [pid]);
    return found.length === 0;
  });
  await blocker.rollbackTransaction();
  await blocker.release();

  expect(await counted).toBe('killed');
  expect(await database.query('select 1 from call_statistics limit 1')).toEqual([]);
  await victim.destroy();
  await allCounted();
  await expectAllEqual();
});

it('counts calls that another version, or a person, ends', async () => {
  const roll = dice(13);
  for (const at of times(10, roll)) await callAt(at, roll);

  // Version 0.1.0 writes to the first partition.
  await database.query(
    `update call_record set state = 4, end_reason = 'completed', ended_by = 'provider', answered_at = requested_at + interval '5 seconds',
       ended_at = requested_at + interval '65 seconds'`,
  );
  await allCounted();

  await expectAllEqual();
  const { buckets } = await statistics.read({ ...RANGE, every: 'none', by: 'none', timeZone: 'UTC' });
  expect(buckets[0]!.groups[0]).toMatchObject({ calls: 10, answered: 10, talkMinutes: 10 });
});

it('counts the calls of before in the background, whatever happens to them meanwhile', async () => {
  const roll = dice(17);
  const calls = times(100, roll);
  const callSids: string[] = [];
  for (const at of calls) callSids.push(await callAt(at, roll));
  for (const [index, callSid] of callSids.entries()) await tellStory(callSid, calls[index]!, roll);
  // As after the migration.
  await database.query('truncate end_to_count; update statistics_progress set fill_until = now(), next_at = null');
  const isComplete = async () =>
    (await statistics.read({ ...RANGE, every: 'none', by: 'none', timeZone: 'UTC' })).isComplete;

  expect(await isComplete()).toBe(false);
  for (const [index, callSid] of callSids.entries()) {
    if (roll(3) === 0) await tellStory(callSid, calls[index]!, roll);
    if (roll(4) === 0) await counting().count();
    if (roll(4) === 0) await counting().compareNext();
  }
  await compareAll();
  await allCounted();

  expect(await isComplete()).toBe(true);
  await expectAllEqual();
});

describe('the comparison, a day later', () => {
  const longAgo = new Date(quarterOf(new Date(NOW)).getTime() - 27 * 3_600_000);

  const countedLongAgo = async (): Promise<void> => {
    await database.query(
      `update statistics_progress set next_at = $1, fill_until = $1::timestamptz - interval '1 day'`,
      [new Date(longAgo.getTime() - 3_600_000)],
    );
    const roll = dice(19);
    for (let number = 0; number < 20; number++) {
      await tellStory(await callAt(longAgo, roll), longAgo, roll);
    }
    await allCounted();
  };

  it('mends what differs, and says so', async () => {
    await countedLongAgo();
    await database.query(`update call_statistics set calls = calls + 7, ringing_delays = ''`);
    const log = collectedLog();

    await compareAll(counting(database, createLogger('warn', log.stream)));

    expect(log.lines().map(({ msg }) => msg)).toEqual([
      'statistics of a quarter of an hour differed from the records and are mended',
    ]);
    await expectAllEqual();
  });

  it('finds nothing to mend where nothing differs, also of a replica whose clock is wrong by hours', async () => {
    await countedLongAgo();
    const roll = dice(31);
    for (const hours of [-25, -8, 1, 25]) {
      const callSid = await callAt(longAgo, roll, new Date(longAgo.getTime() + hours * 3_600_000));
      await applyEvent(database, callSid, { type: 'ended', occurredAt: longAgo, endReason: 'busy' });
    }
    await allCounted();
    const log = collectedLog();

    await compareAll(counting(database, createLogger('warn', log.stream)));

    expect(log.lines()).toEqual([]);
    await expectAllEqual();
  });
});

it('statistics stay when the partition of their calls is dropped', async () => {
  await partitionByMonth(database, 4);
  await database.query(
    `select call_partitions_make(to_char(now() + ahead * interval '1 month', 'YYMM')) from generate_series(-1, 2) ahead`,
  );
  const roll = dice(23);
  const at = new Date(NOW - 20 * 3_600_000);
  for (let number = 0; number < 20; number++) await tellStory(await callAt(at, roll), at, roll);
  await endOpenCalls(database);
  await allCounted();
  const request = { ...RANGE, every: 'hour', by: 'provider', timeZone: 'UTC' } as const;
  const before = (await statistics.read(request)).buckets;

  while (
    (await database.query<[{ name: string | null }]>(`select call_partitions_drop(repeat('9', 33)) as name`))[0].name
  );
  await database.query('update statistics_progress set next_at = null');
  await compareAll();

  expect(before.flatMap(({ groups }) => groups).length).toBeGreaterThan(0);
  expect((await statistics.read(request)).buckets).toEqual(before);
});

it('an end that is rolled back is not counted', async () => {
  const callSid = await callAt(new Date(NOW), dice(29));
  const runner = database.createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `update call_records set state = 4, end_reason = 'busy', ended_by = 'provider', ended_at = now() where call_sid = $1`,
    [callSid],
  );
  await runner.rollbackTransaction();
  await runner.release();

  await allCounted();

  expect(await database.query('select 1 from call_statistics')).toEqual([]);
});
