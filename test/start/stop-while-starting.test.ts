import type { ChildProcess } from 'node:child_process';
import { Client } from 'pg';
import { endOf, PROCESS_LIMIT_MS, type Ending } from '../support/node-process.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, launch } from './service.js';

/** The advisory lock of src/database/migrate.ts: a session that holds it blocks the start of a service. */
const MIGRATION_LOCK = 7_264_225;

describe('a service that receives SIGTERM during its start', () => {
  let database: TestDatabase;
  let holder: Client;
  let child: ChildProcess;
  let ending: Promise<Ending>;

  const isAwaited = async (): Promise<boolean> => {
    const { rowCount } = await holder.query(
      `select from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and query like '%advisory_lock%'`,
    );
    return rowCount === 1;
  };

  beforeEach(async () => {
    database = await createTestDatabase();
    holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    child = launch({
      environment: { DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS },
    });
    ending = endOf(child);
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await waitFor('the wait for the lock', isAwaited, PROCESS_LIMIT_MS);
    child.kill('SIGTERM');
    await waitFor('its log line', () => output.includes('"msg":"stopping"'));
  });

  afterEach(async () => {
    await endAllServices();
    await holder.end();
    await database.drop();
  });

  it('finishes its start and then stops', async () => {
    await holder.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);

    const { code, complaint } = await ending;
    expect([code, complaint]).toEqual([0, '']);
  });

  it('exits when its start does not finish', async () => {
    const { code, output } = await ending;

    expect(code).toBe(1);
    expect(output).toContain('could not stop in good order');
  });
});
