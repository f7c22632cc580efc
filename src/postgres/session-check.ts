/**
 * A pooler may give the server's session to another client after each transaction (PgBouncer's `pool_mode =
 * transaction`). Then no session state is reliable: settings, LISTEN, advisory locks, prepared statements. Checked at
 * start. Otherwise some statements would fail permanently later, and no notifications would arrive.
 */
import { TimeoutClient } from './timeout-client.js';

/** Other clients may use the pooler at the same time, so one try may miss it. */
const TRIES = 10;

const NOT_OURS =
  'The pooler between Ringback and the database shares one session among several clients (PgBouncer’s pool_mode = transaction ' +
  'or statement). Ringback needs some sessions of its own: set pool_mode = session for this database in the pooler, or let ' +
  'DATABASE_DIRECT_URL lead to PostgreSQL itself (docs/database.md).';

/** One for requests; the others are for the change feed, for jobs and for migrations. */
export const MIN_SESSIONS = 5;

const tooFew = (given: number): string =>
  `The pooler between Ringback and the database gave ${given} session${given === 1 ? '' : 's'} in time. A process needs at ` +
  `least ${MIN_SESSIONS}, and DATABASE_POOL_SIZE + 4 under load (PgBouncer’s default_pool_size, for all processes together): ` +
  'docs/database.md.';

/** PgBouncer's SQLSTATE for a refused transaction, with statement pooling. */
const PROTOCOL_VIOLATION = '08P01';

/** @throws Error if a session is shared between transactions, or if there are too few */
export const checkSession = async (client: TimeoutClient, url: string): Promise<void> => {
  // Without a pooler both are the same number.
  if ((await processOf(client)) === client.announcedProcess) return;
  const others = Array.from(
    { length: MIN_SESSIONS - 1 },
    () => new TimeoutClient({ connectionString: url, connectLimitMs: 5_000 }),
  );
  try {
    const outcomes = await Promise.allSettled(others.map((other) => other.connect()));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failed[0]) throw new Error(tooFew(MIN_SESSIONS - failed.length), { cause: failed[0].reason });
    for (let tried = 0; tried < TRIES; tried++) {
      for (const other of others) if (await isShared(client, other)) throw new Error(NOT_OURS);
    }
  } finally {
    await Promise.all(others.map((other) => other.end()));
  }
};

/**
 * Detects a shared session. A round-robin pooler gives another session each time. A last-in-first-out pooler gives the
 * first client's session to the other client, or has meanwhile given it to a third one.
 */
export const isShared = async (client: TimeoutClient, other: TimeoutClient): Promise<boolean> => {
  const own = await processOf(client);
  if ((await processOf(client)) !== own) return true;
  await other.query('begin').catch((error: unknown) => {
    throw (error as { code?: unknown }).code === PROTOCOL_VIOLATION ? new Error(NOT_OURS, { cause: error }) : error;
  });
  try {
    return (await processOf(other)) === own || (await processOf(client)) !== own;
  } finally {
    await other.query('commit');
  }
};

export const processOf = async (client: TimeoutClient): Promise<number | undefined> =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
