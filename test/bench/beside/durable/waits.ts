/** What PostgreSQL's connections wait for during a round, looked at again and again. */
import { Client } from 'pg';

/** Shares of the looks at connections that execute a statement. */
export interface Waits {
  /** For the lock of transactions that notify, among others. */
  readonly objectLock: number;
  /** For their own flush or another's that takes theirs along. */
  readonly flush: number;
  /** For nothing: they run, or would if the core were free. */
  readonly nothing: number;
}

const LOOK_EVERY_MS = 40;

const LOOK = `
select count(*)::int as active,
  (count(*) filter (where wait_event_type = 'Lock' and wait_event = 'object'))::int as "objectLock",
  (count(*) filter (where wait_event in ('WalSync', 'WALWrite', 'CommitDelay')))::int as flush,
  (count(*) filter (where wait_event is null))::int as nothing
from pg_stat_activity
where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()`;

type Counts = Record<'active' | keyof Waits, number>;

/** @returns how to end it, with what was seen */
export const lookAtWaits = async (url: string): Promise<() => Promise<Waits>> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const sum: Counts = { active: 0, objectLock: 0, flush: 0, nothing: 0 };
  let looking: Promise<void> = Promise.resolve();
  let failure: unknown;
  // Where a round fails, nobody ends this, and the server does.
  client.on('error', (error) => {
    failure ??= error;
  });
  const look = async (): Promise<void> => {
    const { rows } = await client.query<Counts>({ name: 'waits', text: LOOK });
    for (const [name, count] of Object.entries(rows[0]!)) sum[name as keyof Counts] += count;
  };
  const timer = setInterval(() => {
    if (failure !== undefined) return;
    looking = looking.then(look).catch((error: unknown) => {
      failure ??= error;
    });
  }, LOOK_EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await looking;
    await client.end();
    if (failure !== undefined) throw failure as Error;
    const share = (name: keyof Waits): number => sum[name] / sum.active;
    return { objectLock: share('objectLock'), flush: share('flush'), nothing: share('nothing') };
  };
};
