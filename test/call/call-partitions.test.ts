/** The partitions of calls: made ahead, made for a wrong clock, and dropped with what belongs to their calls. */
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dropOldPartition, makePartitionsAhead } from '../../src/call/record/call-partitions.js';
import { openCall } from '../../src/call/record/open-call.js';
import { PartitionUpkeep } from '../../src/call/reconciliation/partition-upkeep.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { applyEvent, callToOpen, storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const TABLES = ['call_events', 'call_records', 'webhook_attempts', 'webhook_deliveries'];

let testDatabase: TestDatabase;
let replicas: [DataSource, DataSource];
let database: DataSource;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  const connect = () => new DataSource(dataSourceOptions(testDatabase.url, 5)).initialize();
  replicas = [await connect(), await connect()];
  [database] = replicas;
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.destroy()));
  await testDatabase.drop();
});

/** A callSid of that month, as YYMM. */
const callSidOf = (month: string): string =>
  `${month}15${'0'.repeat(9)}${String(Math.random()).slice(2, 19).padEnd(17, '7')}`;

const partitionsOf = async (month: string): Promise<unknown[]> => {
  const rows = await database.query<{ name: string }[]>(
    `select table_name as name from call_partition
     where first_call_sid <= rpad($1, 32, '0') and end_call_sid > rpad($1, 32, '0') order by 1`,
    [month],
  );
  return rows.map(({ name }) => name);
};

const names = async (): Promise<string[]> =>
  (await database.query<{ name: string }[]>('select name from call_partition order by name')).map(({ name }) => name);

const monthAfter = (months: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months))
    .toISOString()
    .replaceAll('-', '')
    .slice(2, 6);
};

/** Of all days up to then: the partitions of this test hold no older calls. */
const dropAllUntil = async (monthsAhead: number): Promise<string[]> => {
  const dropped: string[] = [];
  for (let name: string | null = ''; name !== null;) {
    name = await dropOldPartition(database, -31 * monthsAhead);
    if (name !== null) dropped.push(name);
  }
  return dropped;
};

/** With a delivery and an attempt for each change. */
const storeDelivered = async (callSid: string) => {
  await database.query(
    `insert into webhook_endpoint (url, secret) select 'https://backend.example.com/', 'whsec_'
     where not exists (select from webhook_endpoint)`,
  );
  const call = await storeCall(database, { callSid });
  await database.query(
    `insert into webhook_attempts (endpoint_id, call_sid, change_number)
     select endpoint_id, call_sid, change_number from webhook_deliveries where call_sid = $1`,
    [call.callSid],
  );
  return call;
};

const rowsOf = async (callSid: string): Promise<number[]> => {
  const counts: number[] = [];
  for (const table of TABLES) {
    const [{ count }] = await database.query<[{ count: number }]>(
      `select count(*)::int as count from ${table} where call_sid = $1`,
      [callSid],
    );
    counts.push(count);
  }
  return counts;
};

it('all tables have the partitions of the coming months, also when replicas make them at the same instant', async () => {
  for (const name of (await names()).filter((one) => /_\d{4}$/.test(one))) await database.query(`drop table ${name}`);

  await Promise.all([...replicas, ...replicas, ...replicas].map((replica) => makePartitionsAhead(replica)));

  for (const months of [0, 1, 2, 3]) expect(await partitionsOf(monthAfter(months))).toEqual(TABLES);
});

it.each(['3107', '9912', '7001'])('calls of a clock that shows the month %s find a partition', async (month) => {
  const calls = [0, 1, 2, 3].map((turn) => openCall(replicas[turn % 2]!, callToOpen({ callSid: callSidOf(month) })));

  expect((await Promise.all(calls)).map(({ isNew }) => isNew)).toEqual([true, true, true, true]);
  expect(await partitionsOf(month)).toEqual(TABLES);
});

it('a caller has one open call in all partitions together', async () => {
  const first = await storeCall(database);

  const again = await openCall(database, callToOpen({ callerId: first.callerId, callSid: callSidOf(monthAfter(3)) }));

  expect(again).toMatchObject({ isNew: false, callSid: first.callSid });
});

it('partitions are dropped with all that belongs to their calls, but none with an open call', async () => {
  const over = await storeDelivered(callSidOf(monthAfter(-1)));
  const open = await storeDelivered(callSidOf(monthAfter(-2)));
  const later = await storeDelivered(callSidOf(monthAfter(3)));
  await applyEvent(database, over.callSid, { type: 'ended', endReason: 'completed' });
  await applyEvent(database, later.callSid, { type: 'ended', endReason: 'completed' });

  const dropped = await dropAllUntil(2);

  expect(dropped.filter((name) => !/_\d{4}$/.test(name))).toEqual([]);
  expect(await rowsOf(open.callSid)).toEqual([1, 1, 1, 1]);
  await applyEvent(database, open.callSid, { type: 'ended', endReason: 'completed' });

  // Events and attempts after the records, so that no event comes for a call without partitions.
  expect(await dropAllUntil(2)).toEqual(['call_record', 'call_event', 'webhook_attempt', 'webhook_delivery']);
  expect(await rowsOf(over.callSid)).toEqual([0, 0, 0, 0]);
  expect(await rowsOf(later.callSid)).toEqual([2, 1, 1, 2]);
  expect(await applyEvent(database, over.callSid, { type: 'ringing', eventId: 'late' })).toMatchObject({
    applied: 'unknown_call',
  });
});

it('calls of dropped months can be placed again, as after a clock that was wrong', async () => {
  await dropAllUntil(2);

  const { isNew } = await openCall(database, callToOpen({ callSid: callSidOf(monthAfter(0)) }));

  expect(isNew).toBe(true);
});

it.each([9_600, 9_900, 30_000, 36_500])(
  'nothing is dropped that is younger than %i days, although a callSid has two digits of its year',
  async (days) => {
    const before = await names();
    await expect(dropOldPartition(database, days)).resolves.toBeNull();
    expect(await names()).toEqual(before);
  },
);

it('nothing is dropped while a long transaction reads the calls, and requests go on', async () => {
  const holder = new Client({ connectionString: testDatabase.url });
  await holder.connect();
  await holder.query('begin; select from call_records');

  await expect(dropOldPartition(database, -100)).rejects.toMatchObject({ code: '55P03' });

  expect((await openCall(database, callToOpen())).isNew).toBe(true);
  await holder.end();
});

it('the space of old deliveries is given back', async () => {
  await storeDelivered(callSidOf(monthAfter(-1)));
  const size = `select pg_relation_size('webhook_delivery')::int + pg_relation_size('webhook_attempt')::int as size`;
  expect(await database.query(size)).not.toEqual([{ size: 0 }]);

  await database.query(`select webhook_partitions_empty('99')`);

  expect(await database.query(size)).toEqual([{ size: 0 }]);
});

describe('the upkeep of a replica', () => {
  const keepUp = (retentionDays: number | null): Promise<void> =>
    new PartitionUpkeep(database, { retentionDays }, { info: () => undefined } as never).keepUp();

  it('drops nothing without RETENTION_DAYS', async () => {
    const before = await names();

    await keepUp(null);

    expect(await names()).toEqual(before);
  });

  it('drops what is older than RETENTION_DAYS', async () => {
    await dropAllUntil(2);
    await storeCall(database, { callSid: callSidOf(monthAfter(-3)) }).then(({ callSid }) =>
      applyEvent(database, callSid, { type: 'ended', endReason: 'completed' }),
    );
    expect(await partitionsOf(monthAfter(-3))).toEqual(TABLES);

    await keepUp(120);
    expect(await partitionsOf(monthAfter(-3))).toEqual(TABLES);
    await keepUp(7);

    expect(await partitionsOf(monthAfter(-3))).toEqual([]);
    expect(await partitionsOf(monthAfter(0))).toEqual(TABLES);
  });
});
