/** Request bodies: encoding, type, and no body. */
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { Webhook } from 'standardwebhooks';
import { startTestApp, type TestApp } from '../support/test-app.js';

const SECRET = `whsec_${Buffer.alloc(32, 'a').toString('base64')}`;

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_WEBHOOK_SECRETS: SECRET } });
});
afterAll(() => service.close());

const send = async (
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  type?: string,
  body?: string | Buffer,
) => {
  const response = await request(`${service.url}/v1/admin/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await service.token('1001', 'admin')}`,
      ...(type !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.body.text();
  return {
    status: response.statusCode,
    body: (text === '' ? null : JSON.parse(text)) as Record<string, unknown> | null,
  };
};

const userNamed = (id: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`{"id":"${id}","name":"`), name, Buffer.from('"}')]);

const storedName = async (id: string): Promise<string | undefined> => {
  const [row] = await service.database.query<{ name: string }[]>('select name from app_user where id = $1', [id]);
  return row?.name;
};

/** 广州 */
const IN_GBK = Buffer.from([0xb9, 0xe3, 0xd6, 0xdd]);
const IN_UTF_8 = Buffer.from('广州');

let nextUser = 7001;
const newUser = (): string => String(nextUser++);

describe('JSON that is not UTF-8 is refused, and nothing is stored:', () => {
  it.each(['gbk', 'GB18030', '"gb2312"', 'utf-16', 'iso-8859-1', 'big5', ''])(
    'charset=%s is answered with 415',
    async (charset) => {
      const id = newUser();

      for (const name of [IN_GBK, IN_UTF_8]) {
        expect(await send('POST', 'users', `application/json; charset=${charset}`, userNamed(id, name))).toMatchObject({
          status: 415,
          body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
        });
      }

      expect(await storedName(id)).toBeUndefined();
    },
  );

  it.each(['charset=utf-8;charset=gbk', 'charset=gbk;charset=utf-8', 'charset=utf-8; x=y; CHARSET="utf-8"'])(
    'two charsets are answered with 415: %s',
    async (parameters) => {
      const id = newUser();

      expect((await send('POST', 'users', `application/json; ${parameters}`, userNamed(id, IN_UTF_8))).status).toBe(
        415,
      );

      expect(await storedName(id)).toBeUndefined();
    },
  );

  it.each<[string, Buffer]>([
    ['GBK', IN_GBK],
    ['Latin-1', Buffer.from([0xfc])],
    ['a character that is cut short', IN_UTF_8.subarray(0, 5)],
    ['an overlong encoding', Buffer.from([0xc0, 0xaf])],
    ['half of a surrogate pair', Buffer.from([0xed, 0xa0, 0x80])],
  ])('bytes of %s are answered with 400', async (_, name) => {
    const id = newUser();

    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      expect(await send('POST', 'users', type, userNamed(id, name))).toMatchObject({
        status: 400,
        body: { detail: 'The body is not UTF-8.' },
      });
    }

    expect(await storedName(id)).toBeUndefined();
  });

  it('a sync with one name that is not UTF-8 stores no user', async () => {
    const [first, second] = [newUser(), newUser()];
    const users = Buffer.concat([
      Buffer.from('{"users":['),
      userNamed(first, IN_UTF_8),
      Buffer.from(','),
      userNamed(second, IN_GBK),
      Buffer.from(']}'),
    ]);

    expect((await send('PUT', 'users', 'application/json', users)).status).toBe(400);

    expect([await storedName(first), await storedName(second)]).toEqual([undefined, undefined]);
  });

  it.each([
    '',
    '; charset=utf-8',
    ';charset=UTF8',
    '; charset="UTF-8"',
    '; profile=x; charset=utf-8',
    '; x="; charset=gbk"',
    ';',
  ])('but UTF-8 is stored unchanged: application/json%s', async (parameters) => {
    const id = newUser();

    expect((await send('POST', 'users', `application/json${parameters}`, userNamed(id, IN_UTF_8))).status).toBe(201);

    expect(await storedName(id)).toBe('广州');
  });
});

const encoded = (encoding: string, path: string, body: Buffer, headers: Record<string, string> = {}) =>
  request(`${service.url}/v1/${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'content-encoding': encoding, ...headers },
  });

describe('Content-Encoding', () => {
  it.each(['gzip', 'GZIP', 'br', 'deflate, gzip', 'identity, gzip', 'aes128gcm'])(
    'is answered with 415, and nothing is stored: %s',
    async (encoding) => {
      const id = newUser();
      const authorization = `Bearer ${await service.token('1001', 'admin')}`;
      for (const body of [userNamed(id, IN_UTF_8), gzipSync(userNamed(id, IN_UTF_8))]) {
        const response = await encoded(encoding, 'admin/users', body, { authorization });

        expect([response.statusCode, response.headers['accept-encoding']]).toEqual([415, 'identity']);
        expect(await response.body.json()).toMatchObject({
          code: 'UNSUPPORTED_MEDIA_TYPE',
          detail: 'The body is encoded; send it without Content-Encoding.',
        });
      }
      expect(await storedName(id)).toBeUndefined();
    },
  );

  it('in a request without a token is answered with 401', async () => {
    const response = await encoded('gzip', 'admin/users', gzipSync('{}'));
    await response.body.dump();

    expect(response.statusCode).toBe(401);
  });

  it.each(['webhooks/simulator', 'webhooks/simulator/below'])(
    'in a webhook is answered with 415 too: %s',
    async (path) => {
      const response = await encoded('gzip', path, gzipSync('{}'));

      expect([response.statusCode, response.headers['accept-encoding']]).toEqual([415, 'identity']);
      expect(await response.body.json()).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    },
  );

  it.each(['identity', 'Identity', ''])('%j is accepted', async (encoding) => {
    const id = newUser();
    const authorization = `Bearer ${await service.token('1001', 'admin')}`;
    const response = await encoded(encoding, 'admin/users', userNamed(id, IN_UTF_8), { authorization });
    await response.body.dump();

    expect(response.statusCode).toBe(201);
    expect(await storedName(id)).toBe('广州');
  });

  it('in a request without a body is accepted', async () => {
    const id = newUser();
    await send('POST', 'users', 'application/json', userNamed(id, IN_UTF_8));
    const response = await request(`${service.url}/v1/admin/users/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await service.token('1001', 'admin')}`, 'content-encoding': 'gzip' },
    });

    expect(response.statusCode).toBe(204);
  });
});

const TYPES = [
  undefined,
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain; charset=gbk',
  'json',
  '/',
];

describe('a request without a body', () => {
  it.each(TYPES)('is accepted with any content type: DELETE with %s', async (type) => {
    const id = newUser();
    await send('POST', 'users', 'application/json', userNamed(id, IN_UTF_8));

    expect(await send('DELETE', `users/${id}`, type)).toEqual({ status: 204, body: null });
    expect((await send('DELETE', `users/${id}`, type)).status).toBe(404);
  });

  it.each(TYPES)('is accepted with a length of 0 too: POST …/secret with %s', async (type) => {
    const [row] = await service.database.query<{ id: string }[]>(
      `insert into webhook_endpoint (url, event_types, secret) values ('https://example.com/x', '{}', $1) returning id`,
      [SECRET],
    );

    expect(await send('POST', `webhook-endpoints/${row!.id}/secret`, type, '')).toMatchObject({ status: 200 });
  });

  it('is answered with 400 when a body is required', async () => {
    expect(await send('POST', 'users', 'application/json', '')).toMatchObject({ status: 400 });
    expect(await send('PUT', 'users', 'application/json')).toMatchObject({ status: 400 });
  });
});

describe('a webhook is read as raw bytes with the content type', () => {
  it.each([
    'json',
    'application',
    '',
    '/',
    'text/xml; charset=gbk',
    'application/json; charset=utf-16',
    ';',
    undefined,
  ])('%j', async (type) => {
    const body = JSON.stringify({ type: 'call.ringing' });
    const id = `odd-type-${nextUser++}`;
    const at = new Date();
    const response = await request(`${service.url}/v1/webhooks/simulator`, {
      method: 'POST',
      body,
      headers: {
        ...(type !== undefined && { 'content-type': type }),
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRET).sign(id, at, body),
      },
    });

    // The signature was valid, and the bytes were read.
    expect([response.statusCode, await response.body.json()]).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringContaining('call is not an object') }),
    ]);
  });
});
