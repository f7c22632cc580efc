/**
 * Which proxies are trusted for a request's address, protocol and id. The tests observe the address at Yuntongxun's
 * webhook route: its secret path answers 401 to a forbidden address, and 400 to an empty body from an allowed one.
 */
import ipaddr from 'ipaddr.js';
import { collectedLog } from '../support/collected-log.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const TOKEN = 'only-yuntongxun-was-told-this';
const YUNTONGXUN = {
  YUNTONGXUN_ACCOUNT_SID: 'a1',
  YUNTONGXUN_AUTH_TOKEN: 'secret',
  YUNTONGXUN_APP_ID: 'app',
  YUNTONGXUN_WEBHOOK_TOKEN: TOKEN,
  YUNTONGXUN_URL: 'http://127.0.0.1:9',
  YUNTONGXUN_ALLOWED_ADDRESSES: '203.0.113.0/24,2001:db8::/32',
};
const GENUINE = '203.0.113.9';
const STRANGER = '198.51.100.7';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const behind = (proxies: string, tests: (service: () => TestApp) => void): void => {
  describe(`TRUST_PROXY=${proxies}`, () => {
    let service: TestApp;
    beforeAll(async () => {
      service = await startTestApp({
        databaseUrl: database.url,
        environment: { ...YUNTONGXUN, TRUST_PROXY: proxies },
      });
    });
    afterAll(() => service.close());
    tests(() => service);
  });
};

const isLetIn = async ({ url }: TestApp, forwardedFor: string): Promise<boolean> => {
  const { status } = await fetch(`${url}/v1/webhooks/yuntongxun/${TOKEN}`, {
    method: 'POST',
    headers: { 'x-forwarded-for': forwardedFor },
  });
  expect([400, 401]).toContain(status);
  return status === 400;
};

const headersOf = async ({ url }: TestApp, headers: Record<string, string>): Promise<Headers> =>
  (await fetch(`${url}/health/live`, { headers })).headers;

behind('0', (service) => {
  it('trusts no proxy header', async () => {
    expect(await isLetIn(service(), GENUINE)).toBe(false);

    const headers = await headersOf(service(), { 'x-forwarded-proto': 'https', 'x-request-id': 'the-proxys-own' });
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}-\w+$/);
  });
});

behind('1', (service) => {
  it.each([
    [GENUINE, true],
    ['2001:db8::9', true],
    ['::ffff:203.0.113.9', true],
    // nginx's $proxy_add_x_forwarded_for appends to the client's header.
    [`${GENUINE}, ${STRANGER}`, false],
    [`${GENUINE},${GENUINE}, ${STRANGER}`, false],
    [`${STRANGER}, ${GENUINE}`, true],
    // Azure adds ports.
    ['203.0.113.9:55221', true],
    [`${STRANGER}:80, 203.0.113.9:55221`, true],
    [`203.0.113.9:55221, ${STRANGER}:80`, false],
    ['[2001:db8::9]', true],
    ['[2001:db8::9]:55221', true],
    ['"[2001:db8::9]:55221"', true],
    ['[2001:dead::9]:55221', false],
    ['203.0.113.9:', false],
    ['203.0.113', false],
    ['unknown', false],
    [`${GENUINE}, unknown`, false],
    [`${GENUINE},`, false],
    ['[203.0.113.9', false],
  ])('reads the one entry that the proxy has written: %s', async (forwardedFor, isAllowed) => {
    expect(await isLetIn(service(), forwardedFor)).toBe(isAllowed);
  });

  it('reads the last of several headers', async () => {
    const { status } = await fetch(`${service().url}/v1/webhooks/yuntongxun/${TOKEN}`, {
      method: 'POST',
      headers: [
        ['x-forwarded-for', GENUINE],
        ['x-forwarded-for', STRANGER],
      ],
    });

    expect(status).toBe(401);
  });

  it('sends HSTS when the proxy says that the client used https', async () => {
    const byHttps = await headersOf(service(), { 'x-forwarded-proto': 'https' });
    const byHttp = await headersOf(service(), { 'x-forwarded-proto': 'http' });
    const forged = await headersOf(service(), { 'x-forwarded-proto': 'https, http' });

    expect(byHttps.get('strict-transport-security')).toBe('max-age=31536000');
    expect(byHttp.get('strict-transport-security')).toBeNull();
    expect(forged.get('strict-transport-security')).toBeNull();
  });

  it.each(['4bf92f3577b34da6a3ce929d0e0e4736', 'Root=1-67891233-abcdef012345678912345678', 'a', 'x'.repeat(128)])(
    'keeps the proxy’s request id: %s',
    async (id) => {
      expect((await headersOf(service(), { 'x-request-id': id })).get('x-request-id')).toBe(id);
    },
  );

  it.each(['', 'two words', '"quoted"', '{"json":1}', '<b>', 'é', 'x'.repeat(129)])(
    'replaces a malformed request id: %j',
    async (id) => {
      const kept = (await headersOf(service(), { 'x-request-id': id })).get('x-request-id');

      expect(kept).toMatch(/^[0-9a-f]{12}-\w+$/);
    },
  );
});

behind('2', (service) => {
  it.each([
    [GENUINE, true],
    [`${GENUINE}, 10.0.0.1`, true],
    [`${GENUINE}:1234, 10.0.0.1:80`, true],
    [`${GENUINE}, ${STRANGER}, 10.0.0.1`, false],
    [`${STRANGER}, ${GENUINE}, 10.0.0.1`, true],
  ])('reads the second entry from the end: %s', async (forwardedFor, isAllowed) => {
    expect(await isLetIn(service(), forwardedFor)).toBe(isAllowed);
  });
});

behind('127.0.0.0/8, 10.0.0.0/8', (service) => {
  it.each([
    [GENUINE, true],
    [`${GENUINE}, 10.0.0.1`, true],
    [`${GENUINE}, 10.0.0.1:55221, 127.0.0.2`, true],
    [`${GENUINE}, ::ffff:10.0.0.1`, true],
    [`${GENUINE}, ${STRANGER}, 10.0.0.1`, false],
    [`${GENUINE}, ${STRANGER}`, false],
    [`${GENUINE}, unknown, 10.0.0.1`, false],
    ['10.0.0.1', false],
  ])('reads the last entry that is not a trusted proxy: %s', async (forwardedFor, isAllowed) => {
    expect(await isLetIn(service(), forwardedFor)).toBe(isAllowed);
  });

  it('trusts their protocol and request id', async () => {
    const headers = await headersOf(service(), { 'x-forwarded-proto': 'https', 'x-request-id': 'the-proxys-own' });

    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(headers.get('x-request-id')).toBe('the-proxys-own');
  });
});

behind('10.0.0.0/8', (service) => {
  it('trusts no header of a client from another address', async () => {
    expect(await isLetIn(service(), GENUINE)).toBe(false);

    const headers = await headersOf(service(), { 'x-forwarded-proto': 'https', 'x-request-id': 'the-proxys-own' });
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}-\w+$/);
  });
});

behind('1', (service) => {
  it('parses only the end of a long X-Forwarded-For', async () => {
    const ask = async (forwarded: string): Promise<number> => {
      const response = await fetch(`${service().url}/v1/webhooks/yuntongxun/${TOKEN}`, {
        method: 'POST',
        headers: { 'x-forwarded-for': forwarded },
      });
      return response.status;
    };
    const parse = jest.spyOn(ipaddr.IPv6, 'isValid');

    expect([await ask(`${'::1,'.repeat(5_000)}${GENUINE}`), await ask(`${','.repeat(5_000)}${STRANGER}`)]).toEqual([
      400, 401,
    ]);

    expect(parse.mock.calls.length).toBeLessThan(200);
    parse.mockRestore();
  });
});

it('the proxy’s request id is in the log and in a problem body', async () => {
  const log = collectedLog();
  const service = await startTestApp({
    databaseUrl: database.url,
    environment: { TRUST_PROXY: '1', LOG_LEVEL: 'info' },
    logTo: log.stream,
  });
  try {
    const response = await fetch(`${service.url}/v1/admin/users`, { headers: { 'x-request-id': 'the-proxys-own' } });

    expect(await response.json()).toMatchObject({ status: 401, requestId: 'the-proxys-own' });
  } finally {
    await service.close();
  }
  expect(log.lines()).toContainEqual(expect.objectContaining({ requestId: 'the-proxys-own', msg: 'request' }));
});

it.each([
  ['0', '203.0.113.9', '127.0.0.1'],
  ['1', '::ffff:203.0.113.9', '203.0.113.9'],
  ['1', '[::ffff:203.0.113.9]:55221', '203.0.113.9'],
  ['1', '0:0:0:0:0:FFFF:CB00:7109', '203.0.113.9'],
  ['1', '2001:DB8:0:0::9', '2001:db8::9'],
  ['127.0.0.1/32', '::ffff:203.0.113.9', '203.0.113.9'],
  ['127.0.0.1/32', '::FFFF:127.0.0.1', '127.0.0.1'],
])('TRUST_PROXY=%s, listening on IPv4 and IPv6: %s is logged as %s', async (proxies, forwardedFor, logged) => {
  const log = collectedLog();
  const service = await startTestApp({
    databaseUrl: database.url,
    environment: { TRUST_PROXY: proxies, LOG_LEVEL: 'info', HOST: '::' },
    logTo: log.stream,
  });
  try {
    await fetch(`http://127.0.0.1:${new URL(service.url).port}/v1/admin/users`, {
      headers: { 'x-forwarded-for': forwardedFor },
    });
  } finally {
    await service.close();
  }

  const request = log.lines().find(({ msg }) => msg === 'request');
  expect(request).toMatchObject({ address: logged });
});
