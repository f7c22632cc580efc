/** Statements and connections that the server ends, as an administrator or a failover does. */
import { Client } from 'pg';
import { TimeoutClient } from '../../src/postgres/timeout-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let administrator: Client;

beforeAll(async () => {
  service = await startTestApp();
  administrator = new Client({ connectionString: service.config.databaseUrl! });
  await administrator.connect();
});
afterAll(async () => {
  await administrator.end();
  await service.close();
});

it('a connection that ends without an error listener does not end the process', async () => {
  const client = new TimeoutClient({ connectionString: service.config.databaseUrl! });
  await client.connect();
  expect(client.listenerCount('error')).toBe(1);
  const ended = new Promise((resolve) => client.once('end', resolve));

  await administrator.query('select pg_terminate_backend($1)', [client.announcedProcess]);

  await ended;
});

describe.each([
  ['pg_cancel_backend', 'GET', 'users?limit=1', 'app_user'],
  ['pg_cancel_backend', 'PUT', 'users', 'app_user'],
  ['pg_terminate_backend', 'GET', 'calls?limit=1', 'call_records'],
  ['pg_terminate_backend', 'PUT', 'users', 'app_user'],
])('%s of %s %s', (end, method, path, table) => {
  it('is answered with 503 and Retry-After', async () => {
    await administrator.query(`begin; lock table ${table} in access exclusive mode`);
    const body = method === 'PUT' ? { users: [{ id: '9001', name: 'Nine', phone: null }] } : undefined;
    const response = service.admin(method, path, body);
    try {
      await waitFor('the statement to wait for the lock', async () => {
        // By another connection, because a transaction sees one and the same pg_stat_activity until its end.
        const ended = await service.database.query<unknown[]>(
          `select ${end}(pid) from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return ended.length > 0;
      });

      expect((await response).status).toBe(503);
      expect((await response).headers.get('retry-after')).toBe('5');
      expect(await (await response).json()).toMatchObject({ code: 'UNAVAILABLE' });
    } finally {
      await administrator.query('rollback');
    }
  });
});
