/** The migration that partitions the tables of calls, on tables with rows, while the version before goes on. */
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { PartitionByMonth1764823000000 } from '../../migrations/1764823000000-partition-by-month.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { migrate } from '../../src/database/migrate.js';
import { openCall } from '../../src/call/record/open-call.js';
import { applyEvent, callToOpen, laterCallSid, storeCall } from '../support/stored-call.js';
import { planOf } from '../support/query-plan.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const FIRST = ['call_record', 'call_event', 'webhook_delivery', 'webhook_attempt'];
const ALL = ['call_records', 'call_events', 'webhook_deliveries', 'webhook_attempts'];

let testDatabase: TestDatabase;
let database: DataSource;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 4)).initialize();
});
afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const { migrations } = dataSourceOptions('', 1);
const LATER = migrations.length - migrations.indexOf(PartitionByMonth1764823000000);

/** The rows of the partitions come back into the tables of before. */
const undo = async (): Promise<void> => {
  for (let left = LATER; left > 0; left--) await database.undoLastMigration();
};

const filesOf = (tables: readonly string[]): Promise<unknown> =>
  database.query(
    'select relname, pg_relation_filenode(oid) as file from pg_class where relname = any ($1) order by 1',
    [tables],
  );

/** Without the columns that later migrations add. */
const rowsOf = async (tables: readonly string[]): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (const table of tables) {
    rows.push(await database.query(`select to_jsonb(one) - 'hunt' as row from ${table} one order by 1`));
  }
  return rows;
};

/** As version 0.1.0 places a call. */
const PLACE_AS_BEFORE = `
insert into call_record
  (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state, requested_at, changes, sweep_at,
   deadline_at)
values ($1, $2, 2000, '+8613900001001', '+8613800002000', 'elsewhere', 'demo', 1, now(), 1, 'infinity', 'infinity')
on conflict (caller_id) where state < 4 do nothing`;

it('moves no row, and keeps all of them, in both directions', async () => {
  const endpoint = `insert into webhook_endpoint (url, secret) values ('https://backend.example.com/', 'whsec_')`;
  await database.query(endpoint);
  const over = await storeCall(database);
  await applyEvent(database, over.callSid, { type: 'ended', endReason: 'completed' });
  await storeCall(database);
  await database.query(
    `insert into webhook_attempts (endpoint_id, call_sid, change_number)
     select endpoint_id, call_sid, change_number from webhook_deliveries`,
  );
  // A call of the month after the first partition.
  const [{ end }] = await database.query<[{ end: string }]>(
    `select end_call_sid as end from call_partition where name = 'call_record'`,
  );
  await storeCall(database, { callSid: end.slice(0, 15) + '1'.repeat(17) });
  const rows = await rowsOf(ALL);
  await undo();
  const files = await filesOf(FIRST);
  expect(await rowsOf(FIRST)).toEqual(rows);

  await migrate(testDatabase.url);

  expect(await filesOf(FIRST)).toEqual(files);
  expect(await rowsOf(ALL)).toEqual(rows);
});

it('the first partition takes the next month at least, and whatever there is of a wrong clock', async () => {
  // At least the days of a February, should this be the first one: the database may have been migrated the day before.
  const monthFromNow = new Date(Date.now() + 27 * 86_400_000).toISOString().replaceAll(/\D/g, '').slice(2, 8);
  const [{ end }] = await database.query<[{ end: string }]>(
    `select end_call_sid as end from call_partition where name = 'call_record'`,
  );
  expect(end > monthFromNow).toBe(true);
  await undo();
  await database.query(PLACE_AS_BEFORE, ['700115' + '0'.repeat(26), '1']);

  await migrate(testDatabase.url);

  expect(
    await database.query(
      `select name, first_call_sid, end_call_sid from call_partition where table_name = 'call_records'`,
    ),
  ).toEqual([{ name: 'call_record', first_call_sid: '', end_call_sid: '7002' + '0'.repeat(28) }]);
});

it('goes on after a failure at any place', async () => {
  await undo();
  const holder = new Client({ connectionString: testDatabase.url });
  await holder.connect();
  await holder.query('begin; select from webhook_delivery');
  const runner = database.createQueryRunner();

  const refused = new PartitionByMonth1764823000000().up(runner).catch((error: unknown) => error);
  expect(await refused).toMatchObject({ code: '55P03' });
  await runner.release();
  await holder.end();
  // Placed between the two, with half of the tables converted.
  await database.query(PLACE_AS_BEFORE, [laterCallSid(), '1']);

  await migrate(testDatabase.url);

  expect((await openCall(database, callToOpen({ callerId: '1' }))).isNew).toBe(false);
});

it('version 0.1.0 places calls all the time meanwhile, and none fails', async () => {
  await undo();
  const before = new Client({ connectionString: testDatabase.url });
  await before.connect();
  const over = new AbortController();
  const placing = (async () => {
    let placed = 0;
    for (; !over.signal.aborted; placed++) {
      await before.query({ name: 'place', text: PLACE_AS_BEFORE, values: [laterCallSid(), String(placed)] });
    }
    return placed;
  })();

  await migrate(testDatabase.url);
  over.abort();
  const placed = await placing;
  await before.end();

  expect(placed).toBeGreaterThan(0);
  expect(await database.query('select count(*)::int as count from call_records')).toEqual([{ count: placed }]);
  expect(await database.query('select count(*)::int as count from open_call')).toEqual([{ count: placed }]);
});

it('what is read by a callSid is read in one partition', async () => {
  const { callSid } = await storeCall(database);

  for (const table of ALL) {
    const { nodes } = await planOf(database, { text: `select from ${table} where call_sid = $1`, values: [callSid] });
    const scans = nodes.filter((node) => node.includes(' Scan'));
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter((scan) => !scan.includes(` Scan ${FIRST[ALL.indexOf(table)]!}`))).toEqual([]);
  }
});
