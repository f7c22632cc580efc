/**
 * One PostgreSQL for all tests: the embedded one, in a separate folder, without durability. It is imported from the build,
 * because jest does not transform this file. The build is brought up to date first.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const UNSAFE_AND_FAST = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_wal_size=512MB',
  'max_connections=300',
];

/** Each test file makes a database of 300 files and drops it. In memory that takes a quarter of the time that it takes on a disk. */
const MEMORY = '/dev/shm';
/** The largest test databases and the log take less than two. */
const NEEDED_BYTES = 4 * 2 ** 30;

/** With a space, because real paths may have one. */
const FOLDER = 'ringback test ';

/** The template of every test's database. */
const TEMPLATE = 'ringback_template';

export default async function globalSetup() {
  execFileSync(process.execPath, [fileURLToPath(import.meta.resolve('../../scripts/run.mjs'))], { stdio: 'inherit' });
  const { startEmbeddedPostgres } = await import('../../dist/src/embedded-postgres/embedded-postgres.js');
  const { migrate } = await import('../../dist/src/database/migrate.js');
  await removeLeftovers(tmpdir());
  await removeLeftovers(MEMORY);
  const dataDir = await mkdtemp(join((await hasRoom()) ? MEMORY : tmpdir(), FOLDER));
  const server = await startEmbeddedPostgres({ dataDir, settings: UNSAFE_AND_FAST }).catch(async (error) => {
    // Without the process id of a server in it, no later run would remove it.
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  });
  globalThis.testPostgres = { server, dataDir };
  const client = new pg.Client({ connectionString: server.superuserUrl });
  await client.connect();
  await client.query(`create database ${TEMPLATE}`);
  const template = new URL(server.superuserUrl);
  template.pathname = `/${TEMPLATE}`;
  await migrate(template.href);
  await client.query(`alter database ${TEMPLATE} with is_template true allow_connections false`);
  await client.end();
  process.env.RINGBACK_TEST_DATABASE_URL = server.superuserUrl;
  process.env.RINGBACK_TEST_SKIPPED = join(dataDir, 'skipped.jsonl');
}

/** Only Linux has it, and a container often has 64 MB of it. The workers and the browser need as much memory again. */
const hasRoom = async () => {
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= NEEDED_BYTES && process.availableMemory() >= 2 * NEEDED_BYTES;
};

/** Removes the folders of killed runs, about 40 MB each. */
const removeLeftovers = async (parent) => {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(FOLDER)) continue;
    const folder = join(parent, name);
    const owner = await readFile(join(folder, 'owner'), 'utf8').catch(() => '');
    if (owner && !isRunning(parseInt(owner, 10))) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

const isRunning = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};
