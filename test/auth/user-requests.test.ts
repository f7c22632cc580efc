/** A user with very many connections does not block other users’ access to the database. */
import { Client } from 'pg';
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
  const ask = async (userId: string) =>
    fetch(`${service.url}/v1/app/call/2000?access_token=${await service.token(userId)}`);
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
