/** Generated files in the repository are up to date. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type ClientBase } from 'pg';
import { REPOSITORY } from '../deployment/repository.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** A `string`, so that the compiler does not resolve it: the script is JavaScript. */
const DUMP: string = '../../scripts/dump-schema.mjs';

let service: TestApp;
let client: Client;
let dumpSchema: (client: ClientBase) => Promise<string>;

beforeAll(async () => {
  ({ dumpSchema } = (await import(DUMP)) as { dumpSchema: typeof dumpSchema });
  service = await startTestApp();
  client = new Client({ connectionString: service.config.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await service.close();
});

it('migrations/schema.sql is the schema after all migrations: `npm run schema`', async () => {
  const committed = await readFile(join(REPOSITORY, 'migrations/schema.sql'), 'utf8');

  expect(committed).toBe(await dumpSchema(client));
});

it('migrations/schema.sql creates the schema that it was written from', async () => {
  const committed = await readFile(join(REPOSITORY, 'migrations/schema.sql'), 'utf8');

  await client.query('begin');
  try {
    await client.query('drop schema public cascade; create schema public; set check_function_bodies = off');
    await client.query(committed);
    expect(await dumpSchema(client)).toBe(committed);
  } finally {
    await client.query('rollback');
  }
});

it.each([
  ['create sequence of_its_own', 'sequence of_its_own'],
  ["create type mood as enum ('calm')", 'type mood'],
  ['create materialized view kept as select 1 as one', 'relation kept'],
  ['create policy a_rule on call_events using (true)', 'policy a_rule'],
])('migrations/schema.sql is not written if it would omit an object: %s', async (statement, name) => {
  await client.query('begin');
  try {
    await client.query(statement);
    await expect(dumpSchema(client)).rejects.toThrow(`cannot be written yet: ${name}`);
  } finally {
    await client.query('rollback');
  }
});

it.each(['docs/openapi.json', 'docs/asyncapi.json'])(
  '%s equals the served document: `npm run openapi`',
  async (file) => {
    const committed = await readFile(join(REPOSITORY, file), 'utf8');
    const served = (await (await fetch(`${service.url}/${file}`)).json()) as object;

    expect(committed).toBe(`${JSON.stringify(served, null, 2)}\n`);
  },
);
