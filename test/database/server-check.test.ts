/** The start refuses a database that would fail later, and says what to do. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { checkConnectionLimit } from '../../src/database/connection-limit.js';
import { firstConnection } from '../../src/postgres/first-connection.js';
import { serverUrl } from '../support/test-database.js';

const name = `ringback_test_${randomBytes(6).toString('hex')}`;
let server: Client;

beforeAll(async () => {
  server = new Client({ connectionString: serverUrl() });
  await server.connect();
});
afterAll(() => server.end());

const urlOf = (parts: Partial<URL>): string => Object.assign(new URL(serverUrl()), parts).href;

it('the start refuses a database whose encoding cannot store every name', async () => {
  await server.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
  try {
    await expect(firstConnection(urlOf({ pathname: `/${name}` }), 'DATABASE_URL')).rejects.toThrow(
      /encoding of the database is LATIN1.* encoding 'UTF8'/,
    );
  } finally {
    await server.query(`drop database ${name} with (force)`);
  }
});

it('the start refuses a role that may open too few connections', async () => {
  await server.query(`create role ${name} login connection limit 4`);
  try {
    await expect(checkConnectionLimit(urlOf({ username: name }), 'DATABASE_URL')).rejects.toThrow(
      'The role or the database allows 4 concurrent connections. A process needs at least 5',
    );
    await server.query(`alter role ${name} connection limit 5`);
    await checkConnectionLimit(urlOf({ username: name }), 'DATABASE_URL');
  } finally {
    await server.query(`drop role ${name}`);
  }
});
