/** Unknown paths and methods are answered before the body is read. */
import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app.js';

const SECRET = 'only-yuntongxun-was-told-this';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      YUNTONGXUN_ACCOUNT_SID: 'a1',
      YUNTONGXUN_AUTH_TOKEN: 'secret',
      YUNTONGXUN_APP_ID: 'app',
      YUNTONGXUN_WEBHOOK_TOKEN: SECRET,
      YUNTONGXUN_URL: 'http://127.0.0.1:9',
    },
  });
});
afterAll(() => service.close());

/** Sends only the head of a request, and not the body that it announces. */
const ask = async (method: string, path: string, ...headers: string[]) => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.write([`${method} ${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n'));
  const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
  socket.destroy();
  const [head = '', body = ''] = chunk.toString().split('\r\n\r\n');
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(head) ?? [];
  const [, allow] = /\r\nallow: (.*)\r\n/i.exec(head) ?? [];
  return { method, path, status: Number(status), allow, body };
};

const AWAITED = 'content-length: 60000';

describe('a path that does not exist is answered with 404, and its body is not read:', () => {
  it.each([
    ['without a type', []],
    ['with an unknown type', ['content-type: text/plain']],
    ['with a malformed type', ['content-type: json']],
    ['with JSON', ['content-type: application/json']],
    ['with Expect: 100-continue', ['content-type: application/json', 'expect: 100-continue']],
    ['with an encoding', ['content-type: application/json', 'content-encoding: gzip']],
  ])('%s', async (_, headers) => {
    const paths = ['/x', '/v1/admin/x', '/v1/app/x', '/health/x', '/v1/webhooks'];
    const requests = ['POST', 'PUT', 'DELETE', 'QUERY', 'PROPFIND', 'TRACE'].flatMap((method) =>
      paths.map((path) => ask(method, path, AWAITED, ...headers)),
    );

    expect((await Promise.all(requests)).filter(({ status }) => status !== 404)).toEqual([]);
  });

  it.each([
    '/docs//etc',
    '/docs/static/%2e%2e/x',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/..',
    '/docs/.env',
    '/docs/static',
  ])('%s', async (path) => {
    expect(await ask('GET', path)).toMatchObject({
      status: 404,
      body: '{"returnCode":404,"returnMsg":"There is nothing here."}',
    });
  });
});

it.each(['range: bytes=999999999-', 'if-match: "x"'])(
  'a condition that a Swagger UI file cannot fulfil is answered with 400: %s',
  async (header) => {
    expect(await ask('GET', '/docs/swagger-ui.css', header)).toMatchObject({ status: 400 });
  },
);

/** Without CONNECT, which has no resource: Node closes its connection. */
const methods = (...allowed: string[]): string[] =>
  METHODS.filter((method) => method !== 'CONNECT' && !allowed.includes(method));

describe('a method that a path does not have is answered with 405, and its body is not read:', () => {
  it.each([
    ['/health/live', ['GET']],
    ['/v1/app/callService', ['GET']],
    ['/v1/app/callState/1', ['GET']],
    ['/v1/admin/users', ['POST', 'GET', 'PUT']],
    ['/v1/admin/service-lines/1', ['GET', 'PATCH', 'DELETE']],
    ['/v1/webhooks/simulator', ['POST']],
    // Decided by the route pattern only: a guessed secret gets the same answer as the right one.
    [`/v1/webhooks/yuntongxun/${SECRET}`, ['POST']],
    [`/v1/webhooks/yuntongxun/${SECRET}/CallAuth`, ['POST']],
    ['/v1/webhooks/yuntongxun/guessed', ['POST']],
    ['/v1/webhooks/yuntongxun/guessed/CallAuth', ['POST']],
    ['/v1/webhooks/nobody/guessed', ['POST']],
    ['/docs/swagger-ui.css', ['HEAD', 'GET']],
    ['/docs/openapi.json', ['GET']],
  ])('%s', async (path, allowed) => {
    const others = methods(...allowed);
    const answers = await Promise.all(others.map((method) => ask(method, path, AWAITED, 'content-type: text/plain')));

    expect(answers.map(({ method, status, allow }) => ({ method, status, allow }))).toEqual(
      others.map((method) => ({ method, status: 405, allow: allowed.join(', ') })),
    );
  });

  it('is answered in the format of its route', async () => {
    expect(JSON.parse((await ask('SEARCH', '/v1/admin/users')).body)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    expect(JSON.parse((await ask('LOCK', '/v1/app/callService')).body)).toMatchObject({ returnCode: 405 });
  });
});

describe('an unknown HTTP method is answered with 501 on every path:', () => {
  it.each(['FOO', 'get', 'GETS', 'X-Y_Z!'])('%s', async (method) => {
    expect(JSON.parse((await ask(method, '/v1/admin/users')).body)).toMatchObject({
      type: 'about:blank',
      status: 501,
      code: 'NOT_IMPLEMENTED',
    });
    expect(await ask(method, '/v1/app/callService')).toMatchObject({
      status: 501,
      body: '{"returnCode":501,"returnMsg":"This method is not known here."}',
    });
    expect(await ask(method, '/x')).toMatchObject({ status: 501 });
    expect(JSON.parse((await ask(method, 'http://x/v1/admin/users?a')).body)).toMatchObject({
      code: 'NOT_IMPLEMENTED',
    });
    expect(await ask(method, 'HTTPS://x')).toMatchObject({ status: 501 });
  });

  it.each(['\x16\x03\x01\x02', 'no HTTP', 'FOO', 'F(O)O'])(
    'but data that is not an HTTP request is answered with 400: %j',
    async (text) => {
      expect(await ask(text, '')).toMatchObject({ status: 400 });
    },
  );
});
