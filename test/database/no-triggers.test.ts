/** Without its triggers the service would have a fault that nobody notices: the start is refused, and says what to do. */
import { Client } from 'pg';
import { migrate } from '../../src/database/migrate.js';
import { firstConnection } from '../../src/postgres/first-connection.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let client: Client;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

it('a database whose sessions fire no triggers', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await client.query(`alter database ${name} set session_replication_role = replica`);

  await expect(firstConnection(database.url, 'DATABASE_URL')).rejects.toThrow(
    'session_replication_role is replica for this role, database or server, so no trigger fires',
  );
});

it.each([
  ['disabled', 'alter table call_events disable trigger all', 'alter table call_events enable trigger'],
  ['missing', 'drop trigger call_event_announces_its_change on call_events', 'Restore the database from a dump'],
])('a trigger that is %s', async (what, statement, remedy) => {
  await client.query(statement);

  const refusal = await migrate(database.url).catch(String);

  expect(refusal).toContain(`call_event_announces_its_change is ${what}, so no webhook would be delivered`);
  expect(refusal).toContain(remedy);
});

it.each([
  ['call_record_begins', 'a caller could have two calls at a time'],
  ['call_record_changes', 'a caller whose call is over could not call again'],
  ['call_record_is_counted', 'the statistics would lack calls'],
])('the trigger %s, disabled', async (trigger, fault) => {
  await client.query(`alter table call_records disable trigger ${trigger}`);

  const refusal = await migrate(database.url).catch(String);

  expect(refusal).toContain(`The trigger ${trigger} is disabled, so ${fault}.`);
  expect(refusal).toContain(`alter table call_records enable trigger ${trigger};`);
});
