/**
 * Brings the tables up to date, at every start, or beforehand by `node dist/src/database/migrate.js`. Replicas that start
 * together take turns, and each migration runs once.
 */
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { readMigrationEnvironment } from '../config/environment.js';
import { dataSourceOptions } from './data-source-options.js';
import { migrateJobQueue } from './job-queue.js';
import { SESSION_OPTIONS } from './session-options.js';

/** Any number will do, as long as nobody else who uses the database takes the same one. */
const LOCK = 7_264_225;

const ASK_AGAIN_MS = 100;

const OLDEST_VERSION = 15;

/** A migration waits for a table's lock for some seconds (`lock_timeout`), because all requests queue up behind it. */
const LOCK_TRIES = 5;
const TRY_AGAIN_MS = 2_000;
/** SQLSTATE of a lock that was not granted in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** @returns the names of the migrations that were missing */
export const migrate = async (url: string): Promise<string[]> => {
  const lock = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, options: SESSION_OPTIONS });
  // Should the server go away meanwhile, the statement under way tells; without a listener it would end the process.
  lock.on('error', () => undefined);
  await lock.connect().catch((cause: unknown) => {
    throw new Error(`The database cannot be reached: ${(cause as Error).message || String(cause)}`, { cause });
  });
  try {
    const { rows } = await lock.query<{ version: number }>(
      `select current_setting('server_version_num')::int / 10000 as version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST_VERSION) {
      throw new Error(`The database is PostgreSQL ${version}; Ringback needs ${OLDEST_VERSION} or later.`);
    }
    await takeTurns(lock);
    await migrateJobQueue(url);
    const dataSource = await new DataSource(optionsToMigrate(url)).initialize();
    try {
      return await runMigrations(dataSource);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await lock.end();
  }
};

/** @throws Error where a table stays locked; the migrations before that one are done and stay */
const runMigrations = async (dataSource: DataSource): Promise<string[]> => {
  for (let tried = 1; ; tried++) {
    try {
      return (await dataSource.runMigrations()).map(({ name }) => name);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      if (tried === LOCK_TRIES) {
        throw new Error(
          `A migration could not lock a table in ${LOCK_TRIES} tries: another session holds it. End long transactions ` +
            '(pg_stat_activity, xact_start), then start again.',
          { cause: error },
        );
      }
      await sleep(TRY_AGAIN_MS);
    }
  }
};

/**
 * Asks again and again, and does not wait in the database: a statement that waits holds a snapshot, and an index that is
 * built concurrently waits for all of those. Migrating and waiting for it would wait for each other.
 */
const takeTurns = async (lock: Client): Promise<void> => {
  for (;;) {
    const { rows } = await lock.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK]);
    if (rows[0]?.taken) return;
    await sleep(ASK_AGAIN_MS);
  }
};

/** A request has a limit, rewriting a large table has none. */
const optionsToMigrate = (url: string) => ({
  ...dataSourceOptions(url, 1),
  extra: { keepAlive: true, options: SESSION_OPTIONS },
});

const main = async (): Promise<void> => {
  const done = await migrate(readMigrationEnvironment().databaseUrl);
  process.stdout.write(done.length > 0 ? `Migrated: ${done.join(', ')}\n` : 'Nothing to migrate.\n');
};

// Node knows a module by its real path, whatever links led to it.
if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  main().catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  });
}
