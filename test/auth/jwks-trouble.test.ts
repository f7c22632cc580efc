/** An identity provider that is down, slow or broken, and clients with tokens of unknown keys. */
import type { ServerResponse } from 'node:http';
import { processMetrics } from '../../src/common/metrics.js';
import { AUDIENCE, IdentityProvider, ISSUER, forgedToken, makeKey, signBy } from '../support/identity-provider.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const key = await makeKey('ES256', 'published');
const COOL_DOWN_MS = 5_000;

let database: TestDatabase;
let provider: IdentityProvider;
let service: TestApp | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  provider = new IdentityProvider();
  provider.keys = [key];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await service?.close();
  service = undefined;
  await provider.close();
});

const start = async (): Promise<TestApp> => {
  service = await startTestApp({
    databaseUrl: database.url,
    environment: { JWT_JWKS_URI: await provider.listen(), JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE },
  });
  return service;
};

/** 200 means that the token was accepted; the contract's answer is about the callSid. */
const ask = (token: string): Promise<Response> =>
  fetch(`${service!.url}/v1/app/callState/1?access_token=${token}`, { signal: AbortSignal.timeout(20_000) });

const answerTo = async (token: string): Promise<number> => (await ask(token)).status;

/** Sets both clocks forward. */
const setClocks = (ms: number): void => {
  const [date, steady] = [Date.now(), performance.now()];
  jest.spyOn(Date, 'now').mockImplementation(() => date + ms);
  jest.spyOn(performance, 'now').mockImplementation(() => steady + ms);
};

describe('while clients send forged tokens with made-up key ids', () => {
  it('accepts every genuine token, and fetches the keys once per cool-down', async () => {
    const began = performance.now();
    await start();
    expect(await answerTo(await signBy(key))).toBe(200);

    const forged = Array.from({ length: 200 }, (_, i) => answerTo(forgedToken(`made-up-${i}`)));
    const genuine: number[] = [];
    for (let i = 0; i < 20; i++) genuine.push(await answerTo(await signBy(key)));
    const toForged = await Promise.all(forged);

    expect(new Set(genuine)).toEqual(new Set([200]));
    expect(new Set(toForged)).toEqual(new Set([401]));
    expect(provider.requests).toBeLessThanOrEqual(2 + (performance.now() - began) / COOL_DOWN_MS);
  });

  it('accepts a token of a key that is published during the cool-down', async () => {
    await start();
    expect(await answerTo(forgedToken('made-up'))).toBe(401);

    const rotated = await makeKey('ES256', 'rotated');
    provider.keys.push(rotated);
    const forged = Array.from({ length: 20 }, (_, i) => answerTo(forgedToken(`made-up-${i}`)));

    expect(await answerTo(await signBy(rotated))).toBe(200);
    await Promise.all(forged);
  });

  it('fetches once for all requests before the first key set has arrived', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    provider.replyInstead = (response) => void released.then(() => response.end('{"keys":[]}'));
    const began = performance.now();
    await start();
    const forged = Array.from({ length: 50 }, (_, i) => answerTo(forgedToken(`made-up-${i}`)));
    const genuine = answerTo(await signBy(key));
    await waitFor('the fetch', () => provider.requests > 0);

    release();

    expect(await genuine).toBe(503);
    expect(new Set(await Promise.all(forged))).toEqual(new Set([503]));
    expect(provider.requests).toBeLessThanOrEqual(1 + (performance.now() - began) / COOL_DOWN_MS);
  });

  it('does not delay a genuine token by a fetch for a forged token', async () => {
    await start();
    expect(await answerTo(await signBy(key))).toBe(200);
    const held: ServerResponse[] = [];
    provider.replyInstead = (response) => held.push(response);
    const before = provider.requests;
    const stranger = answerTo(forgedToken('made-up'));
    await waitFor('the fetch', () => provider.requests > before);

    expect(await answerTo(await signBy(key))).toBe(200);

    for (const response of held) response.writeHead(500).end();
    expect(await stranger).toBe(503);
  });
});

const drip = (response: ServerResponse): void => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 200);
  response.once('close', () => {
    clearInterval(timer);
  });
};

/** What the metrics say. */
const fetched = async (): Promise<number | undefined> =>
  (await processMetrics.getSingleMetric('ringback_token_keys_fetched')!.get()).values[0]?.value;

describe('a key set that cannot be fetched', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['an error', (response) => response.writeHead(500).end('{"keys":[]}')],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['an empty set', (response) => response.end('{"keys":[]}')],
    ['a set without signing keys', (response) => response.end('{"keys":[{"kty":"oct","k":"AAAA"},null]}')],
    ['an object without keys', (response) => response.end('{"jwks":[]}')],
    ['null', (response) => response.end('null')],
    ['a body that is not JSON', (response) => response.end('<html>')],
    ['half a set', (response) => response.end('{"keys":[{"kty":"EC"')],
    ['a set without an end', (response) => response.end(`{"keys":[],"more":"${'x'.repeat(300_000)}"}`)],
    ['a malformed key', (response) => response.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"published"}]}')],
    ['a slow drip of bytes', drip],
    ['silence', () => undefined],
  ])('is answered with 503 and Retry-After, never with 401: %s', async (_, reply) => {
    provider.replyInstead = reply;
    await start();

    const response = await ask(await signBy(key));

    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answerTo(await signBy(key))).toBe(503);
  });

  it('leaves the last key set in use, also for new tokens, while it is young', async () => {
    await start();
    expect(await answerTo(await signBy(key))).toBe(200);

    provider.replyInstead = (response) => response.end('{"keys":[]}');
    setClocks(16_000);

    expect(await answerTo(await signBy(key, { lifetime: '5 minutes' }))).toBe(200);
    setClocks(40_000);
    expect(await answerTo(await signBy(key, { lifetime: '6 minutes' }))).toBe(503);
  });

  it('is fetched again without a restart', async () => {
    provider.replyInstead = (response) => response.writeHead(503).end();
    await start();
    expect(await answerTo(await signBy(key))).toBe(503);
    expect(await fetched()).toBe(0);

    provider.replyInstead = null;

    await waitFor('the keys', async () => (await answerTo(await signBy(key))) === 200, 20_000);
    expect(await fetched()).toBe(1);
  });
});
