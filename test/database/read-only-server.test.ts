import { Client } from 'pg';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

let database: TestDatabase;
let service: TestApp;
const log = collectedLog();

/** Makes the server read-only, as a standby after a failover, and ends its sessions, as its restart does. */
const setReadOnly = async (isReadOnly: boolean): Promise<void> => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('set default_transaction_read_only = off');
  await client.query(
    `alter database ${new URL(database.url).pathname.slice(1)} set default_transaction_read_only = ${String(isReadOnly)}`,
  );
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
};

const readiness = async () => (await fetch(`${service.url}/health/ready`)).status;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestApp({ databaseUrl: database.url, environment: { LOG_LEVEL: 'info' }, logTo: log.stream });
});
afterAll(async () => {
  await setReadOnly(false);
  await service.close();
  await database.drop();
});

it('a read-only server makes the service not ready, until the server accepts writes again', async () => {
  expect(await readiness()).toBe(200);
  await setReadOnly(true);

  await waitFor('readiness to fail', async () => (await readiness()) === 503);
  expect(log.text()).toContain('the database server takes no changes');
  expect((await service.admin('GET', 'calls')).status).toBe(503);
  expect(await service.ask('1004', 'call/2000')).toEqual({ returnCode: 500, returnMsg: '系统内部异常!' });

  await setReadOnly(false);
  await waitFor('readiness to come back', async () => (await readiness()) === 200);
  expect((await service.ask('1004', 'call/2000')).returnCode).toBe(200);
});
