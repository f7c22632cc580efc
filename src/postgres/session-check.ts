/**
 * A pooler may hand the server's session to another client after each transaction (PgBouncer's `pool_mode = transaction`). There
 * nothing that a session keeps can be relied on: settings, LISTEN, advisory locks, prepared statements. Found at start, because
 * later some statements would fail for good and no change would be heard.
 */
import { TimeoutClient } from './timeout-client.js';

/** Others may use the same pooler meanwhile, so one try need not show it. */
const TRIES = 10;

const NOT_OURS =
  'The pooler between Ringback and the database shares one session among several clients (PgBouncer’s pool_mode = transaction ' +
  'or statement). Ringback needs some sessions of its own: set pool_mode = session for this database in the pooler, or let ' +
  'DATABASE_DIRECT_URL lead to PostgreSQL itself (docs/database.md).';

/** One for requests; the others are for hearing of changes, for jobs and for migrating. */
export const LEAST_SESSIONS = 5;

const tooFew = (given: number): string =>
  `The pooler between Ringback and the database gave ${given} session${given === 1 ? '' : 's'} in time. A process needs at ` +
  `least ${LEAST_SESSIONS}, and DATABASE_POOL_SIZE + 4 under load (PgBouncer’s default_pool_size, for all processes together): ` +
  'docs/database.md.';

/** SQLSTATE with which PgBouncer refuses a transaction where it pools statements. */
const PROTOCOL_VIOLATION = '08P01';

/** @throws Error where a session is not ours from one transaction to the next, or there are too few */
export const checkSession = async (client: TimeoutClient, url: string): Promise<void> => {
  // Without a pooler both are the same number.
  if ((await processOf(client)) === client.announcedProcess) return;
  const others = Array.from(
    { length: LEAST_SESSIONS - 1 },
    () => new TimeoutClient({ connectionString: url, connectionTimeoutMillis: 5_000 }),
  );
  try {
    const outcomes = await Promise.allSettled(others.map((other) => other.connect()));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failed[0]) throw new Error(tooFew(LEAST_SESSIONS - failed.length), { cause: failed[0].reason });
    for (let tried = 0; tried < TRIES; tried++) {
      for (const other of others) if (await isShared(client, other)) throw new Error(NOT_OURS);
    }
  } finally {
    await Promise.all(others.map((other) => other.end()));
  }
};

/**
 * A pooler that gives out its sessions in turn gives another one each time. One that gives out what was last given back gives the
 * first client's to the other one, or has meanwhile given it to others.
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
