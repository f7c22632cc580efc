/** Heads that are refused: each header costs a hundred times its bytes, and what Node drops of them in silence may have mattered. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { MOST_HEADERS } from '../../src/connection-limits.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { ADMIN_PORT: '0' } });
});
afterAll(() => service.close());

/** As they are, without those that an HTTP client adds. */
const statusWith = (url: string, headers: readonly string[]): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(`${url}/health/live`, { agent: false, headers: ['host', 'x', ...headers], setHost: false });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']).flat();

describe.each(['url', 'adminUrl'] as const)('at the %s', (port) => {
  const url = (): string => (port === 'url' ? service.url : service.app.adminUrl);

  it('a request with many headers is served', async () => {
    expect(await statusWith(url(), numbered(MOST_HEADERS - 3))).toBe(200);
  });

  it('a request without a host is refused in our format', async () => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write('GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n');
    const answer = (await socket.toArray()).join('');

    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*x-content-type-options: nosniff[^]*"The request is malformed\."/i);
  });

  it.each([
    ['two hosts', ['host: x', 'Host: y']],
    ['two tokens', ['host: x', 'Authorization: Bearer a', 'authorization: Bearer b']],
    ['two types of a body', ['host: x', 'content-type: application/json', 'Content-Type: text/plain']],
    ['a transfer coding beside chunks', ['host: x', 'transfer-encoding: gzip, chunked']],
  ])('a request with %s is refused', async (_, headers) => {
    const socket = connect(Number(new URL(url()).port), '127.0.0.1');
    socket.write(['GET /health/live HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'));
    const answer = (await socket.toArray()).join('');

    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_REQUEST"/);
  });

  it('an expectation that nobody knows is ignored', async () => {
    expect(await statusWith(url(), ['expect', 'x'])).toBe(200);
  });

  it.each([MOST_HEADERS, 5 * MOST_HEADERS])('a request with %d more than it needs is refused', async (count) => {
    expect(await statusWith(url(), numbered(count))).toBe(413);
  });
});
