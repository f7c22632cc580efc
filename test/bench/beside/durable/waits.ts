/** What PostgreSQL's connections wait for during a round, sampled at intervals. */
import { Client } from 'pg';

/** Shares of the samples of connections that execute a statement. */
export interface Waits {
  /** Waiting for object locks, mainly the lock of transactions that notify. */
  readonly objectLock: number;
  /** Waiting for their own flush, or for another one that includes theirs. */
  readonly flush: number;
  /** Waiting for nothing: they run, or are ready to run. */
  readonly nothing: number;
}

const SAMPLE_EVERY_MS = 40;

const SAMPLE = `
select count(*)::int as active,
  (count(*) filter (where wait_event_type = 'Lock' and wait_event = 'object'))::int as "objectLock",
  (count(*) filter (where wait_event in ('WalSync', 'WALWrite', 'CommitDelay')))::int as flush,
  (count(*) filter (where wait_event is null))::int as nothing
from pg_stat_activity
where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()`;

type Counts = Record<'active' | keyof Waits, number>;

/** @returns a function that stops the sampling and returns its result */
export const sampleWaits = async (url: string): Promise<() => Promise<Waits>> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const sum: Counts = { active: 0, objectLock: 0, flush: 0, nothing: 0 };
  let sampling: Promise<void> = Promise.resolve();
  let failure: unknown;
  // If a round fails, the sampling is not stopped, and the server closes this connection.
  client.on('error', (error) => {
    failure ??= error;
  });
  const sample = async (): Promise<void> => {
    const { rows } = await client.query<Counts>({ name: 'waits', text: SAMPLE });
    for (const [name, count] of Object.entries(rows[0]!)) sum[name as keyof Counts] += count;
  };
  const timer = setInterval(() => {
    if (failure !== undefined) return;
    sampling = sampling.then(sample).catch((error: unknown) => {
      failure ??= error;
    });
  }, SAMPLE_EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await sampling;
    await client.end();
    if (failure !== undefined) throw failure as Error;
    const share = (name: keyof Waits): number => sum[name] / sum.active;
    return { objectLock: share('objectLock'), flush: share('flush'), nothing: share('nothing') };
  };
};
