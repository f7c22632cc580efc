/**
 * One PostgreSQL for all tests: our own embedded one, in a folder of its own, with its safety switched off. From the build,
 * because jest's transform does not reach as far as here.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';

const UNSAFE_AND_FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];

/** What every test's database is a copy of. */
const TEMPLATE = 'ringback_template';

export default async function globalSetup() {
  const dataDir = await mkdtemp(join(tmpdir(), 'ringback test '));
  const server = await startEmbeddedPostgres({ dataDir, settings: UNSAFE_AND_FAST });
  globalThis.testPostgres = { server, dataDir };
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create database ${TEMPLATE}`);
  const template = new URL(server.url);
  template.pathname = `/${TEMPLATE}`;
  await migrate(template.href);
  await client.query(`alter database ${TEMPLATE} with is_template true allow_connections false`);
  await client.end();
  process.env.RINGBACK_TEST_DATABASE_URL = server.url;
}
