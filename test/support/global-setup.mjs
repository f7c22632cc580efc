/**
 * One PostgreSQL for all tests: the embedded one, in a separate folder, without durability. It is imported from the build,
 * because jest does not transform this file. The build is brought up to date first.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const UNSAFE_AND_FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];

/** With a space, because real paths may have one. */
const FOLDER = 'ringback test ';

/** The template of every test's database. */
const TEMPLATE = 'ringback_template';

export default async function globalSetup() {
  execFileSync(process.execPath, [fileURLToPath(import.meta.resolve('../../scripts/run.mjs'))], { stdio: 'inherit' });
  const { startEmbeddedPostgres } = await import('../../dist/src/embedded-postgres/embedded-postgres.js');
  const { migrate } = await import('../../dist/src/database/migrate.js');
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), FOLDER));
  const server = await startEmbeddedPostgres({ dataDir, settings: UNSAFE_AND_FAST });
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

/** Removes the folders of killed runs, about 40 MB each. */
const removeLeftovers = async () => {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER)) continue;
    const folder = join(tmpdir(), name);
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
