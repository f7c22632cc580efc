/**
 * Runs the missing migrations, at every start or beforehand by `node dist/src/database/migrate.js`. Replicas that start
 * together take turns, and each migration runs once.
 */
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { takeNoArguments } from '../common/usage.js';
import { directSettingOf, directUrlOf, type DatabaseSetting } from '../config/config.js';
import { readMigrationEnvironment } from '../config/environment.js';
import { dataSourceOptions } from './data-source-options.js';
import { firstConnection } from '../postgres/first-connection.js';
import { CONNECT_LIMIT_MS } from '../postgres/time-limits.js';
import { TimeoutClient } from '../postgres/timeout-client.js';
import { migrateJobQueue } from '../postgres/job-queue.js';
import { checkRights } from './missing-rights.js';
import { checkTriggers } from './trigger-check.js';

/** Any number that no other user of the database takes. */
const LOCK = 7_264_225;

const ASK_AGAIN_MS = 100;

/** A migration waits for a table lock only a few seconds (`lock_timeout`), because all requests queue behind it. */
const LOCK_TRIES = 5;
const TRY_AGAIN_MS = 2_000;
/** SQLSTATE of a lock that was not granted in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** SQLSTATE of a missing right. */
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * @returns the names of the migrations that were missing
 * @throws Error with the fault and its remedy, if the database cannot be used
 */
export const migrate = async (url: string, setting: DatabaseSetting = 'DATABASE_URL'): Promise<string[]> => {
  const lock = await firstConnection(url, setting);
  try {
    await takeTurns(lock);
    await checkSchema(lock);
    await checkRights(lock, setting);
    await migrateJobQueue(url);
    const dataSource = await new DataSource(optionsToMigrate(url)).initialize();
    try {
      const missing = (await dataSource.showMigrations())
        ? await lettingWritersWrite(lock, () => runMigrations(dataSource))
        : [];
      await checkTriggers(lock);
      return missing;
    } finally {
      await dataSource.destroy();
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new Error(
      `Migrations are missing, and the role of ${setting} may not run them (${(error as Error).message}). Run ` +
        '`node dist/src/database/migrate.js` as the role that owns the tables, then start again: docs/database.md.',
      { cause: error },
    );
  } finally {
    await lock.end();
  }
};

/**
 * Version 0.1.0 created its tables in the first schema of the role's search_path. @throws Error if that was not
 * `public`
 */
const checkSchema = async (lock: TimeoutClient): Promise<void> => {
  const { rows } = await lock.query<{ schema: string }>(
    `select nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname in ('call_event', 'call_events') and relkind in ('r', 'p') order by nspname = 'public' desc limit 1`,
  );
  if (!rows[0] || rows[0].schema === 'public') return;
  throw new Error(
    `The tables are in the schema ${rows[0].schema}, where an earlier version made them; this one needs them in public. Move ` +
      'them, then start again: docs/upgrades.md.',
  );
};

/** Rights that roles which write calls have not by default on the tables that the migrating role makes. */
const LACKED = `
select distinct quote_ident(rolname) as role, lacked
from pg_class, aclexplode(relacl) as granted join pg_roles on pg_roles.oid = grantee,
  unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as lacked
where relnamespace = 'public'::regnamespace and relname in ('call_record', 'call_records')
  and granted.privilege_type = 'INSERT' and grantee <> relowner and rolname <> current_user
  and not exists (
    select from pg_default_acl, aclexplode(defaclacl) as given
    where defaclrole = current_user::regrole and defaclnamespace in (0, 'public'::regnamespace) and defaclobjtype = 'r'
      and given.grantee = pg_roles.oid and given.privilege_type = lacked
  )`;

/**
 * Replicas that run meanwhile fire the triggers that a migration makes. These write to its new tables, which nobody has granted yet
 * to the replicas' role. So roles that write calls may write a new table from the moment at which it is made.
 */
const lettingWritersWrite = async <T>(lock: TimeoutClient, work: () => Promise<T>): Promise<T> => {
  const { rows } = await lock.query<Record<'role' | 'lacked', string>>(LACKED);
  for (const { role, lacked } of rows)
    await lock.query(`alter default privileges in schema public grant ${lacked} on tables to ${role}`);
  try {
    return await work();
  } finally {
    for (const { role, lacked } of rows)
      await lock.query(`alter default privileges in schema public revoke ${lacked} on tables from ${role}`);
  }
};

/** @throws Error if a table stays locked; the migrations before that one are applied */
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
 * Polls for the lock, instead of waiting in the database. A waiting statement holds a snapshot, and a concurrent index
 * build waits for all snapshots, so the two would wait for each other.
 */
const takeTurns = async (lock: TimeoutClient): Promise<void> => {
  for (;;) {
    const { rows } = await lock.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK]);
    if (rows[0]?.taken) return;
    await sleep(ASK_AGAIN_MS);
  }
};

/** Without time limits for statements: rewriting a large table may take long. */
const optionsToMigrate = (url: string) => ({
  ...dataSourceOptions(url, 1),
  extra: { keepAlive: true, Client: TimeoutClient, connectLimitMs: CONNECT_LIMIT_MS },
});

const USAGE = `Usage: npm run migrate
  Runs the missing migrations in DATABASE_URL.`;

const main = async (): Promise<void> => {
  takeNoArguments(USAGE);
  const environment = readMigrationEnvironment();
  const done = await migrate(directUrlOf(environment), directSettingOf(environment));
  process.stdout.write(done.length > 0 ? `Migrated: ${done.join(', ')}\n` : 'Nothing to migrate.\n');
};

// Node identifies a module by its real path, whatever links were used.
if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  main().catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  });
}
