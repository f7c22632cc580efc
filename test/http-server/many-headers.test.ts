/** Refused heads. A header costs a hundred times its bytes, and Node drops duplicate headers silently. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { MAX_HEADERS } from '../../src/http/connection-limits.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { ADMIN_PORT: '0' } });
});
afterAll(() => service.close());

/** Sends exactly these headers, without those that an HTTP client adds. */
const statusWith = (url: string, headers: readonly string[]): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(`${url}/health/live`, { agent: false, headers: ['host', 'x', ...headers], setHost: false });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']).flat();

describe.each(['url', 'adminUrl'] as const)('at the %s', (port) => {
  const url = (): string => (port === 'url' ? service.url : service.app.adminUrl);

  it('a request with many headers is served', async () => {
    expect(await statusWith(url(), numbered(MAX_HEADERS - 3))).toBe(200);
  });

  it('a request without a host is refused in the service’s format', async () => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write('GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n');
    const answer = (await socket.toArray()).join('');

    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*x-content-type-options: nosniff[^]*"The request is malformed\."/i);
  });

  it.each([
    ['two hosts', ['host: x', 'Host: y']],
    ['two tokens', ['host: x', 'Authorization: Bearer a', 'authorization: Bearer b']],
    ['two content types', ['host: x', 'content-type: application/json', 'Content-Type: text/plain']],
    ['a transfer coding in addition to chunked', ['host: x', 'transfer-encoding: gzip, chunked']],
  ])('a request with %s is refused', async (_, headers) => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write(['GET /health/live HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'));
    const answer = (await socket.toArray()).join('');

    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_REQUEST"/);
  });

  it.each([
    ['two hosts', 400, 'HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n'],
    [
      'a length and an empty transfer coding',
      400,
      'HTTP/1.1\r\nhost: x\r\ntransfer-encoding:\r\ncontent-length: 3\r\n\r\nabc',
    ],
    ['an empty transfer coding', 400, 'HTTP/1.1\r\nhost: x\r\ntransfer-encoding:\r\n\r\n'],
    ['a transfer coding without a name', 400, 'HTTP/1.1\r\nhost: x\r\ntransfer-encoding: ,chunked\r\n\r\n0\r\n\r\n'],
    ['chunks in HTTP/1.0', 400, 'HTTP/1.0\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a malformed host', 400, 'HTTP/1.1\r\nhost: a b\r\n\r\n'],
    ['a host with a path', 400, 'HTTP/1.1\r\nhost: a/b\r\n\r\n'],
    ['a host with a user', 400, 'HTTP/1.1\r\nhost: a@b\r\n\r\n'],
    ['HTTP/2.0', 400, 'HTTP/2.0\r\n\r\n'],
    ['HTTP/0.9', 400, 'HTTP/0.9\r\n\r\n'],
    [
      'a length after too many headers',
      413,
      `HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(MAX_HEADERS)}content-length: 3\r\n\r\nabc`,
    ],
  ])('a request with %s is refused, and no later data is read', async (_, status, rest) => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write(`GET /health/live ${rest}GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n`);
    const answer = (await socket.toArray()).join('');

    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it.each(['x', 'x:80', 'a_b.example:', '127.0.0.1', '[::1]:8080', ''])(
    'a request for the host %j is served',
    async (host) => {
      const socket = connect(Number(new URL(url()).port), '127.0.0.1');
      socket.write(`GET /health/live HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);

      expect((await socket.toArray()).join('')).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('an unknown expectation is ignored', async () => {
    expect(await statusWith(url(), ['expect', 'x'])).toBe(200);
  });

  it.each([MAX_HEADERS, 5 * MAX_HEADERS])('a request with %d additional headers is refused', async (count) => {
    expect(await statusWith(url(), numbered(count))).toBe(413);
  });
});
