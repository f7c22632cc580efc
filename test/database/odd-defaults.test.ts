import { Client } from 'pg';
import { TimeoutClient } from '../../src/postgres/timeout-client.js';
import { migrate } from '../../src/database/migrate.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/** Settings that a role, a database or a server may have as defaults. */
const ODD: Readonly<Record<string, string>> = {
  datestyle: `'SQL, DMY'`,
  timezone: `'Asia/Kathmandu'`,
  intervalstyle: `'iso_8601'`,
  bytea_output: `'escape'`,
  default_transaction_isolation: `'serializable'`,
  default_transaction_deferrable: 'on',
  standard_conforming_strings: 'off',
  row_security: 'off',
  lock_timeout: `'1ms'`,
  idle_session_timeout: `'1s'`,
  idle_in_transaction_session_timeout: `'1ms'`,
  statement_timeout: `'1min'`,
  search_path: `'elsewhere', 'public'`,
  jit_above_cost: '0',
  jit_inline_above_cost: '0',
  jit_optimize_above_cost: '0',
};

/** PostgreSQL 17 and later. */
const ODD_IF_KNOWN = { transaction_timeout: `'1min'` };

let database: TestDatabase;
let receiver: WebhookReceiver;
let service: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(ODD)) {
    await client.query(`alter database ${name} set ${setting} = ${value}`);
  }
  for (const [setting, value] of Object.entries(ODD_IF_KNOWN)) {
    const { rowCount } = await client.query('select from pg_settings where name = $1', [setting]);
    if (rowCount) await client.query(`alter database ${name} set ${setting} = ${value}`);
  }
  // The defaults apply from the first migration on.
  await client.query('drop schema public, graphile_worker cascade; create schema public; create schema elsewhere');
  await client.end();
  await migrate(database.url);
  receiver = await startWebhookReceiver();
  service = await startTestApp({
    databaseUrl: `${database.url}&options=${encodeURIComponent('-c work_mem=7MB -c datestyle=German -c statement_timeout=3s')}`,
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
});
afterAll(async () => {
  await service.close();
  await receiver.close();
  await database.drop();
});

describe('a database with unusual defaults', () => {
  it('has its tables in the schema public', async () => {
    const tables = await service.database.query<{ schema: string }[]>(
      `select distinct schemaname as schema from pg_tables where tablename in ('call_records', 'app_user', 'webhook_endpoint')`,
    );

    expect(tables).toEqual([{ schema: 'public' }]);
  });

  it('applies options of DATABASE_URL, except settings that the service relies on', async () => {
    const [settings] = await service.database.query<object[]>(`select current_setting('work_mem') as memory,
      current_setting('DateStyle') as dates, current_setting('statement_timeout') as limit`);

    expect(settings).toEqual({ memory: '7MB', dates: 'ISO, DMY', limit: '10s' });
  });

  it('does not limit statements and transactions of a migrating connection', async () => {
    const client = new TimeoutClient({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(`select current_setting('statement_timeout') as statement,
      coalesce(current_setting('transaction_timeout', true), '0') as transaction`);
    await client.end();

    expect(rows).toEqual([{ statement: '0', transaction: '0' }]);
  });

  it('carries concurrent calls, delivers their changes, and reads times correctly', async () => {
    await registerEndpoint(service, { url: receiver.url });
    const begin = Date.now();

    const callers = ['1004', '1005', '1006', '1007', '1008'];
    const placed = await Promise.all(callers.map((caller) => service.ask(caller, 'call/2000')));

    expect(placed.map(({ returnCode }) => returnCode)).toEqual(callers.map(() => 200));
    const callSids = placed.map(({ data }) => String(data?.callSid));
    for (const callSid of callSids) {
      const call = await waitFor(`the end of ${callSid}`, async () => {
        const found = (await (await service.admin('GET', `calls/${callSid}`)).json()) as Record<string, string>;
        return found.stateType === '4' && found;
      });
      expect(Math.abs(Date.parse(call.requestedAt!) - begin)).toBeLessThan(60_000);
      expect(Math.abs(Date.parse(call.endedAt!) - begin)).toBeLessThan(60_000);
    }
    await waitFor('every change to be delivered', () => receiver.received.length === callSids.length * 4);
  });
});
