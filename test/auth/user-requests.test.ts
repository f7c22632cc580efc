/** A user with very many connections does not block other users’ access to the database. */
import { Client } from 'pg';
import { READS_AT_ONCE } from '../../src/auth/admin-reads.js';
import { REQUESTS_AT_ONCE } from '../../src/auth/user-requests.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let other: Client;

beforeAll(async () => {
  service = await startTestApp();
  other = new Client({ connectionString: service.config.databaseUrl! });
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await service.close();
});

it('concurrent requests above a user’s limit are refused with Retry-After, and other users are served', async () => {
  const tokens = { '1004': await service.token('1004'), '1005': await service.token('1005') };
  const ask = (userId: keyof typeof tokens) => fetch(`${service.url}/v1/app/call/2000?access_token=${tokens[userId]}`);
  // Opens the connections. All requests have to arrive before the first of them gives up waiting for the lock.
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE + 20 }, () => fetch(`${service.url}/health`)));
  await other.query('begin; lock table app_user in access exclusive mode');

  const many = Array.from({ length: REQUESTS_AT_ONCE + 20 }, () => ask('1004'));
  const refused: Response[] = [];
  for (const one of many) void one.then((response) => response.status === 429 && refused.push(response));
  await waitFor('those beyond the limit to be refused', () => refused.length === 20);
  await other.query('rollback');
  await Promise.all(many);

  expect(refused).toHaveLength(20);
  expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(refused.map(() => '1'));
  expect(await refused[0]!.json()).toEqual({ returnCode: 429, returnMsg: '呼叫过于频繁,请稍后再试!' });
  // All requests have ended.
  expect((await ask('1004')).status).toBe(200);
  expect((await ask('1005')).status).toBe(200);
});

it('an administrator who sends many reads leaves connections to others', async () => {
  const read = async (userId: string, path: string) =>
    (
      await fetch(`${service.url}/v1/admin/${path}`, {
        headers: { authorization: `Bearer ${await service.token(userId, 'admin')}` },
      })
    ).status;
  await other.query('begin; lock table suppression in access exclusive mode');

  const many = Array.from({ length: 3 * service.config.databasePoolSize }, () => read('1006', 'suppressions'));
  await waitFor('the first of them to wait for the lock', async () => {
    const [{ count }] = (
      await other.query<{ count: number }>(
        `select count(*)::int as count from pg_locks where relation = 'suppression'::regclass and not granted`,
      )
    ).rows as [{ count: number }];
    return count === READS_AT_ONCE;
  });

  expect(await read('1007', 'calls')).toBe(200);
  await other.query('rollback');
  expect(new Set(await Promise.all(many))).toEqual(new Set([200]));
});

it('a read whose client leaves while it waits is forgotten', async () => {
  const headers = { authorization: `Bearer ${await service.token('1006', 'admin')}` };
  await other.query('begin; lock table suppression in access exclusive mode');
  const leaving = new AbortController();
  const reads = Array.from({ length: 3 * READS_AT_ONCE }, () =>
    fetch(`${service.url}/v1/admin/suppressions`, { headers, signal: leaving.signal }).catch(() => null),
  );

  leaving.abort();
  await Promise.all(reads);
  await other.query('rollback');

  expect((await fetch(`${service.url}/v1/admin/suppressions`, { headers })).status).toBe(200);
});
