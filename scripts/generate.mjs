/**
 * `npm run schema` writes migrations/schema.sql, and `npm run openapi` docs/openapi.json and docs/asyncapi.json. All are
 * committed, so that a review shows changes of the schema and the API. test/readme/generated.test.ts compares them. Runs
 * from the build, on a temporary database.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createApp } from '../dist/src/app.js';
import { createLogger } from '../dist/src/common/logger.js';
import { readConfig } from '../dist/src/config/config.js';
import { migrate } from '../dist/src/database/migrate.js';
import { startEmbeddedPostgres } from '../dist/src/embedded-postgres/embedded-postgres.js';
import { dumpSchema } from './dump-schema.mjs';

const writeSchema = async (url) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await writeFile(new URL('../migrations/schema.sql', import.meta.url), await dumpSchema(client));
  } finally {
    await client.end();
  }
};

/** Only the required settings. */
const configOn = (url) =>
  readConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: url,
    JWT_SECRET: 'j'.repeat(32),
    SUB_ACCOUNT_KEYS: `generate:${Buffer.alloc(32, 'k').toString('base64')}`,
    SIMULATOR: 'true',
    LOG_LEVEL: 'silent',
  });

const writeApiDocuments = async (url) => {
  const app = await createApp(configOn(url), createLogger('silent'));
  try {
    const address = await app.listen();
    for (const file of ['docs/openapi.json', 'docs/asyncapi.json']) {
      const document = await (await fetch(`${address}/${file}`)).json();
      await writeFile(new URL(`../${file}`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`);
    }
  } finally {
    await app.close();
  }
};

const WRITE = { schema: writeSchema, openapi: writeApiDocuments };

const write = WRITE[process.argv[2]];
if (!write) throw new Error(`expected one of ${Object.keys(WRITE).join(', ')}`);
const dataDir = await mkdtemp(join(tmpdir(), 'ringback-generate-'));
const server = await startEmbeddedPostgres({ dataDir });
try {
  await migrate(server.url);
  await write(server.url);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
