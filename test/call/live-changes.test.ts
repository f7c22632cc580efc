/** The changes of live calls between two positions, read by one statement. */
import { DataSource } from 'typeorm';
import { MAX_CHANGES, readChangesBetween, readPosition } from '../../src/call/live/read-live-calls.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 4)).initialize();
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const WRITE = `
insert into call_events (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change)
select 'elsewhere', $1 || '-' || number, $2, 'ringing', now(), now(), number, '{}'
from generate_series($3::int, $4::int) number`;

it('are too many, though one of them was not committed at the later position', async () => {
  const { callSid } = await storeCall(database);
  const [after] = await readPosition(database, []);
  const open = database.createQueryRunner();
  await open.startTransaction();
  await open.query(WRITE, ['open', callSid, 10, 10]);
  await database.query(WRITE, ['written', callSid, 11, 11 + MAX_CHANGES]);
  const [until] = await readPosition(database, []);
  await open.commitTransaction();
  await open.release();

  expect((await readChangesBetween(database, after!, until)).changes).toBeNull();
});
