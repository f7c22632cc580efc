/** A request gets one response, also when it is answered before all of it has arrived. Real sockets, shorter limits. */
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Draining } from '../../src/common/draining.js';
import { createLogger } from '../../src/common/logger.js';
import { readConfig } from '../../src/config/config.js';
import { createHttpServer } from '../../src/http/http-server.js';
import { waitFor } from '../support/wait-for.js';

const SHORT = { limitMs: 200, checkEveryMs: 50 };

/** One server has short limits, the other has the service's own. */
let server: FastifyInstance;
let slowLimits: FastifyInstance;
let waiting: FastifyReply[];
let draining: Draining;
const sockets: Socket[] = [];

const listening = async (...times: [typeof SHORT?]): Promise<FastifyInstance> => {
  const made = createHttpServer(
    readConfig({}),
    createLogger('silent'),
    draining,
    ...times,
  ).getInstance<FastifyInstance>();
  made.route({
    url: '/refused',
    method: ['GET', 'POST'],
    onRequest: (_request, reply, done) => {
      void reply.code(401);
      done(new Error('refused'));
    },
    handler: () => 'handled',
  });
  made.route({ url: '/wait', method: ['GET', 'POST'], handler: (_request, reply) => void waiting.push(reply) });
  made.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/plain' }).write('[begun]');
  });
  made.route({ url: '/', method: ['GET', 'POST'], handler: () => '[handled]' });
  await made.listen({ port: 0, host: '127.0.0.1' });
  return made;
};

beforeAll(async () => {
  draining = new Draining();
  server = await listening(SHORT);
  slowLimits = await listening();
});
beforeEach(() => {
  waiting = [];
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([server.close(), slowLimits.close()]);
});

interface Client {
  readonly socket: Socket;
  text(): string;
  /** The status of each response. */
  statuses(): number[];
}

const send = async (text: string, to = server): Promise<Client> => {
  const { port } = to.server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return {
    socket,
    text: () => received,
    statuses: () => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
  };
};

const isClosed = async ({ socket }: Client): Promise<void> => {
  if (!socket.readableEnded) await once(socket, 'end');
  socket.end();
  await waitFor('the end of the connection', () => socket.closed);
};

const head = (method: string, path: string, ...headers: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', ...headers, '', ''].join('\r\n');

describe('a request that is answered before its body has arrived', () => {
  it.each([
    ['does not arrive', head('POST', '/refused', 'content-length: 10')],
    ['begins', `${head('POST', '/refused', 'content-length: 10')}{"a"`],
    ['arrives in chunks', `${head('POST', '/refused', 'transfer-encoding: chunked')}2\r\n[1\r\n`],
    ['waits for 100 Continue', head('POST', '/refused', 'content-length: 10', 'expect: 100-continue')],
    ['is not allowed for its method', head('GET', '/refused', 'content-length: 10')],
  ])('gets one response, which closes the connection, when the body %s', async (_, text) => {
    const client = await send(text);
    await isClosed(client);

    expect(client.statuses()).toEqual([401]);
    expect(client.text()).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('has no later request of its connection parsed', async () => {
    let parsed = 0;
    const count = (): void => {
      parsed++;
    };
    server.server.on('request', count);
    const client = await send(`${head('POST', '/refused', 'transfer-encoding: chunked')}1\r\n[\r\n`);
    await waitFor('the response', () => client.statuses().length === 1);
    client.socket.write(`0\r\n\r\n${head('GET', '/').repeat(2_000)}`);
    client.socket.end();
    await isClosed(client);
    server.server.off('request', count);

    expect(client.statuses()).toEqual([401]);
    // The first request of each read is parsed before the parser stops.
    expect(parsed).toBeLessThan(50);
  });

  it('may succeed', async () => {
    const client = await send(head('GET', '/', 'content-length: 10'));
    await isClosed(client);

    expect(client.statuses()).toEqual([200]);
    expect(client.text()).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('may send the rest of its body without a connection reset', async () => {
    const connected = once(slowLimits.server, 'connection') as Promise<[Socket]>;
    const begin = head('POST', '/refused', 'content-length: 1000');
    const client = await send(begin, slowLimits);
    const [accepted] = await connected;
    await once(client.socket, 'end');

    client.socket.end('x'.repeat(1000));
    await waitFor('the end of the connection', () => accepted.closed);

    expect(accepted.bytesRead).toBe(begin.length + 1000);
    expect(client.statuses()).toEqual([401]);
  });

  it('gets one response when its body is malformed', async () => {
    const client = await send(`${head('POST', '/refused', 'transfer-encoding: chunked')}no chunk\r\n`);
    await isClosed(client);

    expect(client.statuses()).toEqual([400]);
  });

  it('keeps its connection when the body arrives together with the head', async () => {
    const refused = `${head('POST', '/refused', 'content-length: 2')}[]`;
    const client = await send(refused, slowLimits);
    await waitFor('a response', () => client.statuses().length === 1);
    client.socket.write(refused + head('GET', '/'));
    await waitFor('more responses', () => client.text().endsWith('[handled]'));

    expect(client.statuses()).toEqual([401, 401, 200]);
  });

  it('gets no second response while the first is being sent', async () => {
    const client = await send(head('GET', '/stream', 'content-length: 10'));
    await isClosed(client);

    expect(client.statuses()).toEqual([200]);
    expect(client.text()).toMatch(/\[begun\]\r\n$/);
  });
});

describe('a client that waits for 100 Continue', () => {
  const waits = (path: string, size: number): string =>
    head('POST', path, `content-length: ${size}`, 'expect: 100-Continue');

  it('gets 100 Continue when the body will be read', async () => {
    const client = await send(waits('/', 2), slowLimits);
    await waitFor('100 Continue', () => client.statuses().length === 1);
    client.socket.write('[]');
    await waitFor('the response', () => client.text().endsWith('[handled]'));

    expect(client.statuses()).toEqual([100, 200]);
  });

  it('gets 100 Continue after the response before it', async () => {
    const client = await send(head('GET', '/wait') + waits('/', 2), slowLimits);
    await waitFor('the first', () => waiting.length === 1);
    void waiting[0]?.send('[first]');
    await waitFor('100 Continue', () => client.statuses().length === 2);
    client.socket.write('[]');
    await waitFor('the response', () => client.text().endsWith('[handled]'));

    expect(client.statuses()).toEqual([200, 100, 200]);
  });

  it.each([
    ['refused', '/refused', 2, 401],
    ['too large', '/', 99_999_999, 413],
  ])('gets no 100 Continue when the request is %s', async (_, path, size, status) => {
    const client = await send(waits(path, size), slowLimits);
    await isClosed(client);

    expect(client.statuses()).toEqual([status]);
  });
});

describe('after a request in progress', () => {
  it.each([
    ['data that is not HTTP', 'no HTTP\r\n\r\n', 400],
    ['an unknown method', head('FOO', '/'), 501],
    ['a head that does not end', 'GET / HT', 408],
    ['a body that does not arrive', head('POST', '/', 'content-length: 10'), 408],
    ['a malformed body', `${head('POST', '/', 'transfer-encoding: chunked')}no chunk\r\n`, 400],
    ['too large a head', head('GET', '/', `x: ${'y'.repeat(40_000)}`), 413],
  ])('%s is answered after the response before it', async (_, text, status) => {
    const client = await send(head('GET', '/wait') + text);
    await waitFor('the first', () => waiting.length === 1);
    // Longer than the time-out of a request.
    const late = await send('GET / HT');
    await isClosed(late);
    expect(client.statuses()).toEqual([]);

    void waiting[0]?.send('[first]');
    await isClosed(client);

    expect(client.statuses()).toEqual([200, status]);
    expect(client.text()).toMatch(/\[first\]HTTP\/1\.1 [45]/);
    expect(draining.isIdle).toBe(true);
  });
});
