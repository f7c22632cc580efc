/** A request that does not arrive in time gets 408, and its connection is closed. Real sockets, shorter limits. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Draining } from '../../src/common/draining.js';
import { createLogger } from '../../src/common/logger.js';
import { readConfig } from '../../src/config/config.js';
import { createHttpServer } from '../../src/http/http-server.js';
import { waitFor } from '../support/wait-for.js';

const SHORT = { limitMs: 200, checkEveryMs: 50 };

const make = (...times: [typeof SHORT?]): FastifyAdapter =>
  createHttpServer(readConfig({}), createLogger('silent'), new Draining(), ...times);

let server: FastifyInstance;
let handled: unknown[];
const sockets: Socket[] = [];

beforeAll(async () => {
  server = make(SHORT).getInstance();
  server.post('/', (request) => {
    handled.push(request.body);
    return 'handled';
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
});
beforeEach(() => {
  handled = [];
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

const send = async (text: string): Promise<{ socket: Socket; text(): string }> => {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await once(socket, 'connect');
  socket.write(text);
  return { socket, text: () => received };
};

const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

it.each([
  ['with an incomplete first line', 'POST / HT'],
  ['with endless headers', HEAD],
  ['without the announced body', `${HEAD}content-length: 10\r\n\r\n`],
  ['with an incomplete body', `${HEAD}content-length: 10\r\n\r\n{"a"`],
  ['with endless chunks', `${HEAD}transfer-encoding: chunked\r\n\r\n2\r\n[1\r\n`],
])('a request %s is answered with 408', async (_, text) => {
  const client = await send(text);

  await waitFor('the end of the connection', () => client.socket.closed);

  expect(client.text()).toMatch(
    /^HTTP\/1\.1 408 [^]*\r\n\r\n\{"returnCode":408,"returnMsg":"The request took too long to arrive\."\}$/,
  );
  expect(client.text()).toMatch(/\r\nx-content-type-options: nosniff\r\n/);
  expect(handled).toEqual([]);
});

it('a client that sends byte by byte does not extend the time-out', async () => {
  const client = await send(`${HEAD}content-length: 60000\r\n\r\n`);
  const drip = setInterval(() => client.socket.write(' '), 10);

  await waitFor('the end of the connection', () => client.socket.closed);
  clearInterval(drip);

  expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
});

it('the time-out begins again with the second request of a connection', async () => {
  const whole = `${HEAD}content-length: 2\r\n\r\n[]`;
  const client = await send(whole);
  await waitFor('the first answer', () => client.text().includes('handled'));

  client.socket.write(HEAD);
  await waitFor('the end of the connection', () => client.socket.closed);

  expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408']);
  expect(handled).toEqual([[]]);
});

it('the service’s time-out is 30 s for headers and body together', () => {
  const { requestTimeout, headersTimeout } = make().getHttpServer<Server>();

  expect({ requestTimeout, headersTimeout }).toEqual({ requestTimeout: 30_000, headersTimeout: 30_000 });
});
