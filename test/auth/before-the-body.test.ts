/** The token is checked before a body is read, and a body is read within limits. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const ROUTES: [method: string, path: string][] = [
  ['PUT', 'users'],
  ['POST', 'users'],
  ['PATCH', 'users/1001'],
  ['PUT', 'users/1001/sub-accounts/simulator'],
  ['POST', 'service-lines'],
  ['PATCH', 'service-lines/1'],
  ['POST', 'webhook-endpoints'],
  ['PATCH', 'webhook-endpoints/1'],
];

/** The reply to a request whose body begins and never ends. */
const replyWithoutBody = async (method: string, path: string, authorization?: string) => {
  const headers = {
    'content-type': 'application/json',
    'content-length': '60000',
    ...(authorization && { authorization }),
  };
  const sent = request(`${service.url}/v1/admin/${path}`, { method, headers, agent: false });
  sent.on('error', () => undefined);
  sent.write('[[[[');
  try {
    const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(10_000) })) as [IncomingMessage];
    return [response.statusCode, await json(response)];
  } finally {
    sent.destroy();
  }
};

describe('a request whose body has not arrived', () => {
  it.each(ROUTES)(
    '%s %s is answered with 401 without a token, and with 403 without the scope',
    async (method, path) => {
      const user = `Bearer ${await service.token('1001', 'calls')}`;

      expect(await replyWithoutBody(method, path)).toEqual([401, expect.objectContaining({ code: 'UNAUTHENTICATED' })]);
      expect(await replyWithoutBody(method, path, 'Bearer junk')).toEqual([401, expect.anything()]);
      expect(await replyWithoutBody(method, path, user)).toEqual([403, expect.objectContaining({ code: 'FORBIDDEN' })]);
    },
  );
});

const send = async (method: string, path: string, body: string): Promise<[number, unknown]> => {
  const response = await fetch(`${service.url}/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${await service.token('1', 'admin')}`, 'content-type': 'application/json' },
    body,
  });
  return [response.status, await response.json()];
};

describe('a JSON body', () => {
  it.each(ROUTES)('of %s %s may not be nested 9,000 deep', async (method, path) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"name":', '}'],
    ] as const) {
      const body = `{"name":${open.repeat(6_000)}1${close.repeat(6_000)}}`;

      expect(await send(method, path, body)).toEqual([
        400,
        expect.objectContaining({ detail: 'The body is nested more than 32 deep.' }),
      ]);
    }
  });

  it('of 8 MB with a million keys is too large', async () => {
    const keys = Array.from({ length: 500_000 }, (_, i) => `"k${i}":1`).join(',');

    expect(await send('PUT', 'users', `{${keys}}`)).toEqual([413, expect.objectContaining({ code: 'TOO_LARGE' })]);
  });

  it('gets an error with at most ten unknown fields per row, and at most ten thousand faults', async () => {
    const strange = `{"id":"1",${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`;
    const rows = Array.from({ length: 9_000 }, () => '{"a":1,"b":2,"c":3}').join(',');

    const [first, one] = await send('PUT', 'users', `{"users":[${strange}]}`);
    const [second, many] = await send('PUT', 'users', `{"users":[${rows}]}`);

    expect([first, second]).toEqual([400, 400]);
    const named = (one as { errors: { where: string }[] }).errors.filter(({ where }) => where.startsWith('/users/0/k'));
    expect(named).toHaveLength(10);
    expect((many as { errors: unknown[] }).errors).toHaveLength(10_000);
  });
});
