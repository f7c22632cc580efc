/** A request that has given up its statement: PostgreSQL gives it up too, and does not carry it out later. */
import { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const POOL = 4;
/** Beside the pool: the change feed and the queue of webhooks. */
const OTHERS = 5;

let service: TestApp;
let administrator: Client;

beforeAll(async () => {
  service = await startTestApp({ environment: { DATABASE_POOL_SIZE: String(POOL) } });
  administrator = new Client({ connectionString: service.config.databaseUrl! });
  await administrator.connect();
});
afterEach(async () => {
  await administrator.query('rollback');
});
afterAll(async () => {
  await administrator.end();
  await service.close();
});

const sessions = async (): Promise<number> => {
  const { rows } = await administrator.query<{ sessions: number }>(
    `select count(*)::int as sessions from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  return rows[0]!.sessions;
};

it('the sessions of a process stay near its pool while a table is locked', async () => {
  const callSid = '1'.repeat(32);
  await administrator.query('begin; lock table call_record in access exclusive mode');
  let most = 0;
  let refused = 0;
  const poll = async (): Promise<void> => {
    while (refused < 60) {
      await service.ask('1004', `callState/${callSid}`);
      refused++;
      most = Math.max(most, await sessions());
    }
  };

  await Promise.all(Array.from({ length: 3 * POOL }, poll));

  // One more for each session that PostgreSQL is about to give up.
  expect(most).toBeLessThanOrEqual(2 * POOL + OTHERS);
});

it('a call that was answered with a failure is not opened once the lock is gone', async () => {
  await administrator.query('begin; lock table call_event in access exclusive mode');
  expect(await service.ask('1005', 'call/2000')).toMatchObject({ returnCode: 500 });
  await waitFor('PostgreSQL to have given it up', async () => {
    const { rows } = await administrator.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%call_event%'`,
    );
    return rows.length === 0;
  });

  await administrator.query('rollback');

  const found = (await (await service.admin('GET', 'calls?userId=1005')).json()) as { items: unknown[] };
  expect(found.items).toEqual([]);
});
