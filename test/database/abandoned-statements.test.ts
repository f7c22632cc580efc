/** A request that has given up its statement: PostgreSQL gives it up too, and does not carry it out later. */
import { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const POOL = 4;
/** Beside the pool: the change feed, the queue of webhooks, and the two of this test. */
const OTHERS = 7;

let service: TestApp;
let administrator: Client;
/** A transaction sees one and the same pg_stat_activity until its end. */
let observer: Client;

beforeAll(async () => {
  service = await startTestApp({ environment: { DATABASE_POOL_SIZE: String(POOL) } });
  administrator = new Client({ connectionString: service.config.databaseUrl! });
  observer = new Client({ connectionString: service.config.databaseUrl! });
  await Promise.all([administrator.connect(), observer.connect()]);
});
afterEach(async () => {
  await administrator.query('rollback');
});
afterAll(async () => {
  await Promise.all([administrator.end(), observer.end()]);
  await service.close();
});

const sessions = async (): Promise<number> => {
  const { rows } = await observer.query<{ sessions: number }>(
    `select count(*)::int as sessions from pg_stat_activity where datname = current_database()`,
  );
  return rows[0]!.sessions;
};

it('the sessions of a process stay near its pool while a table is locked', async () => {
  await administrator.query('begin; lock table call_records in access exclusive mode');
  let most = 0;
  let refused = 0;
  const poll = async (): Promise<void> => {
    while (refused < 60) {
      // Requests for one call would share a statement.
      await service.ask('1004', `callState/${String(++refused).padStart(32, '1')}`);
      most = Math.max(most, await sessions());
    }
  };

  await Promise.all(Array.from({ length: 3 * POOL }, poll));

  // One more for each session that PostgreSQL is about to give up.
  expect(most).toBeLessThanOrEqual(2 * POOL + OTHERS);
});

it('a call that was answered with a failure is not opened once the lock is gone', async () => {
  await administrator.query('begin; lock table call_events in access exclusive mode');
  expect(await service.ask('1005', 'call/2000')).toMatchObject({ returnCode: 500 });
  // An insert waits for this lock, and the change feed, which reads the table again and again, for another one.
  await waitFor('PostgreSQL to have given it up', async () => {
    const { rows } = await observer.query(
      `select from pg_locks where relation = 'call_events'::regclass and mode = 'RowExclusiveLock' and not granted`,
    );
    return rows.length === 0;
  });

  await administrator.query('rollback');

  const found = (await (await service.admin('GET', 'calls?userId=1005')).json()) as { items: unknown[] };
  expect(found.items).toEqual([]);
});
