/** Rules for a token, and for its place in the request. */
import { createHmac } from 'node:crypto';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

/** A token with any content and a valid signature. */
const signed = (payload: string, header: object = { alg: 'HS256', typ: 'JWT' }): string => {
  const content = [JSON.stringify(header), payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${content}.${createHmac('sha256', TEST_SECRET).update(content).digest('base64url')}`;
};

const now = (): number => Math.floor(Date.now() / 1_000);

const claims = (more: object = {}): string => JSON.stringify({ sub: '1001', exp: now() + 60, ...more });

const statusOf = async (query: string, headers: Record<string, string> = {}, at = service): Promise<number> =>
  (await fetch(`${at.url}/v1/app/callState/1${query}`, { headers })).status;

const statusWith = (token: string, at = service): Promise<number> => statusOf(`?access_token=${token}`, {}, at);

describe('a token with a valid signature', () => {
  it('that never ends is refused, also if its end is beyond all numbers', async () => {
    const [missing, endless] = [signed('{"sub":"1001"}'), signed('{"sub":"1001","exp":1e400}')];

    expect([await statusWith(missing), await statusWith(endless)]).toEqual([401, 401]);
  });

  it.each(['null', '[]', '"text"', '5', 'true', '{}', 'no JSON'])(
    'is refused when its payload is %s',
    async (payload) => {
      expect(await statusWith(signed(payload))).toBe(401);
    },
  );

  it.each([[['unheard-of']], [['exp']], [[]], ['exp'], [null]])(
    'is refused with an unknown critical extension: %j',
    async (crit) => {
      const header = { alg: 'HS256', 'unheard-of': true, crit };

      expect(await statusWith(signed(claims(), header))).toBe(401);
    },
  );

  it('may have extensions that are not critical', async () => {
    expect(await statusWith(signed(claims(), { alg: 'HS256', 'unheard-of': true }))).toBe(200);
  });
});

describe('clock skew', () => {
  it.each([
    ['nbf 3 s ahead', { nbf: 3 }, 200],
    ['nbf 30 s ahead', { nbf: 30 }, 401],
    ['iat 3 s ahead', { iat: 3 }, 200],
    ['exp 2 s ago', { exp: -2 }, 200],
    ['exp 30 s ago', { exp: -30 }, 401],
  ])('is tolerated up to JWT_LEEWAY, by default 5 s: %s', async (_, offsets, status) => {
    const times = Object.fromEntries(Object.entries(offsets).map(([name, seconds]) => [name, now() + seconds]));
    const token = signed(claims(times));

    expect([await statusWith(token), await statusWith(token)]).toEqual([status, status]);
  });

  it('is not tolerated with JWT_LEEWAY=0', async () => {
    const strict = await startTestApp({ environment: { JWT_LEEWAY: '0' } });
    try {
      expect(await statusWith(signed(claims({ nbf: now() + 30 })), strict)).toBe(401);
      expect(await statusWith(signed(claims({ exp: now() - 1 })), strict)).toBe(401);
    } finally {
      await strict.close();
    }
  });
});

describe('the place of a token', () => {
  it.each(['Bearer TOKEN', 'bearer TOKEN', 'Bearer  TOKEN', 'Bearer     TOKEN'])('is the header: %j', async (form) => {
    const authorization = form.replace('TOKEN', signed(claims()));

    expect(await statusOf('', { authorization })).toBe(200);
  });

  it.each(['', 'Basic c3RhZ2luZzpzZWNyZXQ=', 'Digest username="staging"', 'Bearer'])(
    'is the query when the header has no bearer token: %j',
    async (authorization) => {
      expect(await statusOf(`?access_token=${signed(claims())}`, { authorization })).toBe(200);
    },
  );

  it('is the header when the parameter is empty', async () => {
    expect(await statusOf('?access_token=', { authorization: `Bearer ${signed(claims())}` })).toBe(200);
  });

  it.each(['Bearer TOKEN', 'bearer  TOKEN', 'Bearer junk', 'Bearer no token at all'])(
    'is not both header and query: %j with a valid token in the query',
    async (form) => {
      const token = signed(claims());

      expect(await statusOf(`?access_token=${token}`, { authorization: form.replace('TOKEN', token) })).toBe(401);
    },
  );

  it.each(['Basic TOKEN', 'BearerTOKEN', 'Bearer\tTOKEN', 'TOKEN', 'Bearer TOKEN TOKEN'])('is not %j', async (form) => {
    const authorization = form.replaceAll('TOKEN', signed(claims()));

    expect(await statusOf('', { authorization })).toBe(401);
  });

  it.each([
    'dry-run?callerId=1001&calleeId=2000&',
    'users?',
    'users/1001?',
    'calls?limit=1&',
    'providers?',
    'service-lines?',
  ])('may be the query of %s', async (path) => {
    const response = await fetch(`${service.url}/v1/admin/${path}access_token=${signed(claims({ scope: 'admin' }))}`);

    expect(response.status).toBe(200);
  });
});
