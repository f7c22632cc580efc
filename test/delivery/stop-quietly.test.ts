import { Client } from 'pg';
import { Draining } from '../../src/common/draining.js';
import { startTestApp } from '../support/test-app.js';
import { createTestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

/** The worker's connections that wait for a lock. */
const WAITING = `from pg_stat_activity
  where datname = current_database() and application_name = 'ringback jobs' and wait_event_type = 'Lock'`;

it('a job query that fails while the process stops prints nothing on stderr', async () => {
  const database = await createTestDatabase();
  const service = await startTestApp({ databaseUrl: database.url });
  const printed = (['trace', 'error', 'warn'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation(() => undefined),
  );
  const other = new Client({ connectionString: database.url });
  await other.connect();
  try {
    await other.query('begin; lock table graphile_worker._private_jobs in access exclusive mode');
    // By another connection, because a transaction sees one and the same pg_stat_activity until its end.
    await waitFor('a worker to query for a job', async () => {
      const waiting = await service.database.query<unknown[]>(`select ${WAITING}`);
      return waiting.length > 0;
    });

    void service.app.nest.get(Draining).finish(5_000);
    await service.database.query(`select pg_terminate_backend(pid) ${WAITING}`);
    await other.query('commit');
    await service.close();

    expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([]);
  } finally {
    for (const spy of printed) spy.mockRestore();
    await other.end();
    await database.drop();
  }
});
