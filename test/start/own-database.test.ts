import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { Client } from './client.js';
import { endAllServices, runService, startService, type Service } from './service.js';

describe('npm start with DATABASE_URL', () => {
  let folder: string;
  let database: TestDatabase;
  let service: Service;

  const query = async (statement: string): Promise<unknown[]> => {
    const client = new Postgres({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  };

  const settings = (more: Record<string, string>) => ({
    environment: { DATABASE_URL: database.url, DATA_DIR: join(folder, 'data'), ...more },
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback start '));
    database = await createTestDatabase();
    // A database without migrations.
    await query('drop schema public cascade; create schema public');
    service = await startService(settings({ JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS }));
  });

  afterAll(async () => {
    await endAllServices();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('migrates that database and adds no demo data', async () => {
    const client = new Client(service.url, TEST_SECRET);

    expect(await client.admin('GET', 'users')).toMatchObject({ items: [] });
    expect(await query('select from service_line')).toEqual([]);
  });

  it('creates no data folder', async () => {
    expect(await readdir(folder)).toEqual([]);
  });

  it('prints only JSON, first a line with its version', async () => {
    await fetch(`${service.url}/health/live`);

    const lines = service.output().trim().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'starting',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as unknown,
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ msg: 'listening', url: service.url }),
    );
  });

  it.each([
    [
      'no SUB_ACCOUNT_KEYS',
      { JWT_SECRET: TEST_SECRET },
      /^.*\n {2}SUB_ACCOUNT_KEYS: required when DATABASE_URL is set\n$/,
    ],
    ['no JWT_SECRET', { SUB_ACCOUNT_KEYS: TEST_KEYS }, /^.*\n {2}JWT_SECRET: required .*JWT_JWKS_URI.*\n$/],
    [
      'a database that does not answer',
      { JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, DATABASE_URL: 'postgresql://nobody@localhost:1/nothing' },
      /^The database cannot be reached: .*ECONNREFUSED.*\n$/,
    ],
    [
      'an address in brackets',
      { JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, HOST: '[::1]' },
      /^HOST=\[::1\] with PORT=0 cannot be listened on \((?:ENOTFOUND|EAI_AGAIN)\)\. .*\n$/,
    ],
    [
      'the address of another machine',
      { JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, HOST: '192.0.2.1' },
      /^HOST=192\.0\.2\.1 with PORT=0 cannot be listened on \(EADDRNOTAVAIL\)\. .*\n$/,
    ],
  ])('refuses to start with %s, and prints the reason', async (_what, more, expected) => {
    const { code, output, complaint } = await runService(settings(more));

    expect([code, output]).toEqual([1, expect.stringMatching(/^(?:\{[^\n]*"msg":"starting"\}\n)?$/)]);
    expect(complaint).toMatch(expected);
  });
});
