/** Tokens that fail: an address that sends too many gets 429, on every replica, and a valid token passes from it. */
import { SignJWT } from 'jose';
import { FailedTokens } from '../../src/auth/failed-tokens.js';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { makeKey } from '../support/api-key.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { watchStatements } from '../support/watched-statements.js';

let database: TestDatabase;
let service: TestApp;
let other: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const start = () =>
    startTestApp({
      databaseUrl: database.url,
      environment: { FAILED_TOKENS_PER_ADDRESS: '5/1h', TRUST_PROXY: '1', SIMULATOR_SHARES_ACCOUNT: 'true' },
    });
  service = await start();
  other = await start();
});
afterAll(async () => {
  await Promise.all([service.close(), other.close()]);
  await database.drop();
});

let addresses = 0;
/** Of a client behind the proxy. */
const newAddress = (): string => `10.9.${addresses >> 8}.${addresses++ & 255}`;

const FORGED = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAxIiwiZXhwIjo5OTk5OTk5OTk5fQ.${'x'.repeat(43)}`;

const ask = async (address: string, token: string | null, path = 'v1/app/callState/1', at = service) => {
  const response = await fetch(`${at.url}/${path}`, {
    headers: { 'x-forwarded-for': address, ...(token !== null && { authorization: `Bearer ${token}` }) },
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
};

/** @returns the statuses */
const flood = async (
  address: string,
  count: number,
  token: string | null = FORGED,
  at = service,
): Promise<number[]> => {
  const statuses: number[] = [];
  while (statuses.length < count) statuses.push((await ask(address, token, 'v1/app/callState/1', at)).status);
  return statuses;
};

it('refuses an address that has sent too many, in the contract’s envelope, and says what is wrong with the token', async () => {
  const address = newAddress();
  expect(await flood(address, 7)).toEqual([401, 401, 401, 401, 401, 429, 429]);

  const { headers, body } = await ask(address, FORGED);

  expect(body).toBe('{"returnCode":429,"returnMsg":"呼叫过于频繁,请稍后再试!"}');
  expect(headers.get('x-ringback-error')).toBe('TOO_MANY_FAILED_TOKENS');
  expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect(headers.get('ratelimit-policy')).toBe('"failed-tokens-3600s";q=5;w=3600');
  expect(headers.get('ratelimit')).toBe(`"failed-tokens-3600s";r=0;t=${String(headers.get('retry-after'))}`);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(600);
});

it('answers a valid token, an API key, and a request without a token as always, from the same address', async () => {
  const address = newAddress();
  const { key } = await makeKey(service, { scopes: ['admin'] });
  expect((await flood(address, 6)).at(-1)).toBe(429);

  expect(await ask(address, await service.token('1001'))).toMatchObject({ status: 200 });
  expect(await ask(address, key, 'v1/admin/users')).toMatchObject({ status: 200 });
  expect(await ask(address, null)).toMatchObject({ status: 401 });
  expect(await ask(newAddress(), FORGED)).toMatchObject({ status: 401 });
});

it('counts the tokens of all APIs together, and answers with a problem where problems are', async () => {
  const address = newAddress();
  const bad = ['no token', `rbk_${'a'.repeat(40)}`, FORGED, 'a.b.c', 'x'];
  const paths = ['v1/admin/users', 'v1/calls/1', 'v1/app/callState/1', 'v1/admin/audit', 'v1/admin/suppressions'];
  for (const [index, path] of paths.entries()) {
    expect(await ask(address, bad[index]!, path)).toMatchObject({ status: 401 });
  }

  const { status, body } = await ask(address, FORGED, 'v1/admin/users');

  expect([status, JSON.parse(body)]).toEqual([429, expect.objectContaining({ code: 'FAILED_TOKENS_TOO_FREQUENT' })]);
  expect(await ask(address, FORGED, 'v1/calls/1')).toMatchObject({ status: 429 });
});

it('never counts an expired token: it is a user’s, whose app must learn to get a new one', async () => {
  const address = newAddress();
  const expired = await new SignJWT({ sub: '1001' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) - 60)
    .sign(Buffer.from(TEST_SECRET));

  expect(await flood(address, 8, expired)).toEqual(Array(8).fill(401));
  expect((await flood(address, 6)).at(-1)).toBe(429);
  expect(await flood(address, 1, expired)).toEqual([401]);
});

it('counts an IPv6 network of 64 bits as one address, and a mapped IPv4 address as that one', async () => {
  const statuses = [];
  for (let host = 1; host <= 6; host++) statuses.push(...(await flood(`2001:db8:0:7::${host}`, 1)));
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  expect(await flood('2001:db8:0:8::1', 1)).toEqual([401]);

  const address = newAddress();
  await flood(address, 5);
  expect(await flood(`::ffff:${address}`, 1)).toEqual([429]);
});

it('holds on every replica within a second or two', async () => {
  const address = newAddress();
  expect(await flood(address, 5)).toEqual([401, 401, 401, 401, 401]);

  await waitFor('the refusal', async () => (await ask(address, FORGED, 'v1/app/callState/1', other)).status === 429);

  expect(await ask(address, await other.token('1001'), 'v1/app/callState/1', other)).toMatchObject({ status: 200 });
});

it('costs the database nothing by the request', async () => {
  let statements = 0;
  const end = watchStatements(service.database, () => (statements += 1));
  await Promise.all(Array.from({ length: 200 }, () => flood(newAddress(), 2)));
  end();

  // Those that read in the background, twice a second or less.
  expect(statements).toBeLessThan(200);
});

it('tells the other replicas one notification’s worth, however many addresses there are', async () => {
  const tell = jest.spyOn(service.app.nest.get(ChangeFeed), 'tellFailedTokens');
  const failures = service.app.nest.get(FailedTokens);
  const refusal = Object.assign(new Error(), { challenge: undefined }) as never;
  for (let part = 0; part < 5_000; part++) failures.count(`2001:db8:ffff:${part.toString(16)}:1:2:3:4`, refusal, true);

  await waitFor('a notification', () => tell.mock.calls.length > 0);
  const payloads = tell.mock.calls.map(([payload]) => payload);
  tell.mockRestore();

  expect(payloads.every((payload) => Buffer.byteLength(payload) < 8_000)).toBe(true);
});

it.each([
  'nonsense',
  '{}',
  '[1, ["203.0.113.250"], ["203.0.113.250", -1], ["203.0.113.250", 1e9], [5, 5]]',
  '[[null,5]]',
])('ignores a notification that it cannot read: %s', async (payload) => {
  await other.database.query(`select pg_notify('ringback_failed_tokens', $1)`, [payload]);
  const address = newAddress();
  await flood(address, 5, FORGED, other);
  await waitFor('the next notification', async () => (await ask(address, FORGED)).status === 429);

  expect(await flood('203.0.113.250', 1)).toEqual([401]);
});
