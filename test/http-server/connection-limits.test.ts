/** Limits of one connection: real sockets and a real HTTP server, and the service with its largest document. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Draining } from '../../src/common/draining.js';
import { limitConnections } from '../../src/http/connection-limits.js';
import { nodeServerOptions, REQUEST_TIMES } from '../../src/http/node-server.js';
import { startTestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const LIMITS = { connections: 100, waiting: 16, waitingHeaders: 160, checksWithoutProgress: 2, checkEveryMs: 100 };
/** More than the buffers of a loopback connection hold. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'x');

let server: Server;
let draining: Draining;
let handled: string[];
let waiting: ServerResponse[];
let clients: Socket[];
/** In which each request of /context/ began. */
let contexts: unknown[];

const storage = new AsyncLocalStorage<string>();

/** Answers within a context, as the service does with that of its log. */
const answerInContext = (path: string, response: ServerResponse): void => {
  contexts.push(storage.getStore());
  storage.run(path, () => setImmediate(() => response.end(`[${path}]`)));
};

const echo = (request: IncomingMessage, response: ServerResponse): void => {
  handled.push(request.url ?? '');
  if (request.url === '/large') response.end(LARGE);
  else if (request.url === '/wait') waiting.push(response);
  else if (request.url?.startsWith('/context/')) answerInContext(request.url, response);
  else if (request.url === '/refused') response.writeHead(401).end();
  else if (request.url === '/last') response.writeHead(200, { connection: 'close' }).end('[last]');
  else {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(`[${request.url ?? ''} ${Buffer.concat(chunks).toString()}]`));
  }
};

const start = async (limits: Partial<typeof LIMITS> = {}): Promise<void> => {
  server = createServer(nodeServerOptions(REQUEST_TIMES), echo);
  draining = new Draining();
  limitConnections(server, draining, { ...LIMITS, ...limits });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
};

const client = (port = (server.address() as AddressInfo).port): Socket => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  clients.push(socket);
  return socket;
};

/** Reads on, because the end of a connection is reported after the received data. */
const isClosed = (socket: Socket) => waitFor('the connection to be closed', () => socket.resume().closed);

const textOf = (socket: Socket): (() => string) => {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

beforeEach(() => {
  handled = [];
  waiting = [];
  clients = [];
  contexts = [];
});
afterEach(async () => {
  for (const socket of clients) socket.destroy();
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a pipeline', () => {
  it('is answered completely and in order, with bodies split in any way', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    const bodies = numbers(300).map((i) => (i % 3 === 0 ? '' : `a\r\n\r\n${'b'.repeat((i * 37) % 900)}`));

    // Never more than the limit of waiting requests, also when pieces arrive together.
    for (let first = 0; first < bodies.length; first += LIMITS.waiting) {
      const group = bodies.slice(first, first + LIMITS.waiting);
      const sent = Buffer.from(group.map((body, i) => (body ? post : get)(`/${first + i}`, body)).join(''));
      for (let from = 0; from < sent.length; from += 1 + first) socket.write(sent.subarray(from, from + 1 + first));
      await waitFor('the last answer', () => text().includes(`[/${first + group.length - 1} `));
    }

    const answers = [...text().matchAll(/\[([^]*?)\](?=HTTP|$)/g)].map(([, answer]) => answer);
    expect(answers).toEqual(bodies.map((body, i) => `/${i} ${body}`));
  });

  it('is processed one request at a time, so that a client that reads nothing has one response waiting', async () => {
    await start({ checksWithoutProgress: Infinity });
    const nonReading = client().pause();
    nonReading.write(get('/large').repeat(15));
    await waitFor('the first', () => handled.length > 0);

    // A second request of the first read would have been handled before another connection's request.
    const other = client();
    const text = textOf(other);
    other.write(get('/other'));
    await waitFor('an answer to another client', () => text().includes('[/other'));

    expect(handled).toEqual(['/large', '/other']);
  });

  it('runs each request in a context of its own, not in that of the request before it', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    socket.write(get('/context/1') + get('/context/2') + post('/context/3', 'body'));

    await waitFor('all answers', () => text().match(/\[\/context/g)?.length === 3);

    expect(contexts).toEqual([undefined, undefined, undefined]);
  });

  it('continues when its client begins to read', async () => {
    await start({ checksWithoutProgress: Infinity });
    const socket = client().pause();
    socket.write(get('/large') + get('/small').repeat(15));
    await waitFor('the first', () => handled.length > 0);

    const text = textOf(socket);
    socket.resume();

    await waitFor('all answers', () => text().match(/\[\/small \]/g)?.length === 15);
  });

  it('waits for a body that has not arrived, and a body does not wait for the request before it', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    const head = 'POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345';
    socket.write(head);
    await waitFor('the head', () => handled.length === 1);

    socket.write('67890' + post('/2', 'second') + get('/3'));

    await waitFor('all', () => text().includes('[/3 ]'));
    expect(text().match(/\[[^\]]*\]/g)).toEqual(['[/1 1234567890]', '[/2 second]', '[/3 ]']);
  });

  describe.each([
    ['with bodies', (): string => post('/refused', 'x')],
    ['with expectations', (): string => 'GET /refused HTTP/1.1\r\nhost: x\r\nexpect: x\r\n\r\n'],
    ['without a host', (): string => 'GET /refused HTTP/1.1\r\n\r\n'],
  ])('of requests that are refused at once, %s', (_what, request) => {
    it('is answered by the handler up to the limit', async () => {
      await start();
      const socket = client();
      const text = textOf(socket);
      socket.write(request().repeat(LIMITS.waiting));

      await waitFor('the last', () => handled.length === LIMITS.waiting);
      await waitFor('its answer', () => text().match(/HTTP\/1\.1 401 /g)?.length === LIMITS.waiting);
      expect(text()).not.toMatch(/HTTP\/1\.1 (?!401)/);
    });

    it('ends its connection above the limit', async () => {
      await start();
      const socket = client();
      socket.write(request().repeat(400));

      await isClosed(socket);

      expect(handled.length).toBeGreaterThan(0);
      expect(handled.length).toBeLessThanOrEqual(LIMITS.waiting + 1);
    });
  });

  it('of one-byte bodies has one request in progress', async () => {
    await start();
    const socket = client();
    socket.write(post('/wait', 'x').repeat(10));
    await waitFor('the first', () => handled.length > 0);
    const other = client();
    const text = textOf(other);
    other.write(get('/other'));
    await waitFor('an answer to another client', () => text().includes('[/other'));

    expect(handled).toEqual(['/wait', '/other']);
  });

  it('of too many requests ends its connection, and no waiting request begins', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    socket.write(get('/wait') + get('/x').repeat(2_000));

    await isClosed(socket);

    expect(handled).toEqual(['/wait']);
    expect(text()).toBe('');
  });

  it('ends with a response that closes the connection: no later request begins, and none stays in flight', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    socket.write(get('/wait') + get('/last') + get('/behind').repeat(3));
    await waitFor('the first', () => waiting.length === 1);

    waiting[0]?.end('[first]');
    await isClosed(socket);

    expect(text().match(/\[[^\]]*\]/g)).toEqual(['[first]', '[last]']);
    expect(handled).toEqual(['/wait', '/last']);
    await waitFor('nothing in flight', () => draining.isIdle);
  });

  it('of requests with many headers may have few of them waiting', async () => {
    await start();
    const many = `GET /x HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(90)}\r\n`;
    const socket = client();
    socket.write(get('/wait'));
    await waitFor('the first to begin', () => handled.length === 1);

    socket.write(many.repeat(2));
    socket.write(many.repeat(2));

    await isClosed(socket);
    expect(handled).toEqual(['/wait']);
  });

  it('of too many requests is not parsed further', async () => {
    await start();
    let parsed = 0;
    server.on('request', () => parsed++);
    const socket = client();

    socket.write(get('/wait').repeat(1_000));
    await isClosed(socket);

    // Parsed requests stay in memory until the end of the connection is processed.
    expect(parsed).toBe(1 + LIMITS.waiting + 1);
  });

  it('whose connection is cut leaves nothing in flight, and its waiting requests never begin', async () => {
    await start();
    const socket = client();
    socket.write(get('/wait').repeat(3));
    await waitFor('the first', () => waiting.length === 1);

    socket.destroy();
    await waitFor('nothing in flight', () => draining.isIdle);

    expect(handled).toEqual(['/wait']);
  });

  it('of as many requests as allowed is answered, repeatedly', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    for (let round = 1; round <= 50; round++) {
      socket.write(get('/x').repeat(LIMITS.waiting + 1));
      await waitFor('the answers', () => text().match(/\[\/x \]/g)?.length === round * (LIMITS.waiting + 1));
    }
  });
});

describe('a connection', () => {
  it('is closed when its client reads nothing of a response for a while', async () => {
    await start();
    const socket = client().pause();
    let isGone = false;
    server.once('connection', (accepted: Socket) => accepted.once('close', () => (isGone = true)));

    socket.write(get('/large'));

    await waitFor('the end of the connection', () => isGone);
  });

  it('stays open while its client waits for a response', async () => {
    await start();
    const socket = client();
    const text = textOf(socket);
    let checks = 0;
    const counting = setInterval(() => checks++, LIMITS.checkEveryMs);
    socket.write(get('/wait'));

    await waitFor('more checks than a stuck connection gets', () => checks > 2 * LIMITS.checksWithoutProgress);
    clearInterval(counting);
    waiting[0]?.end('[late]');

    await waitFor('the answer', () => text().includes('[late]'));
  });

  it('above the maximum number is refused', async () => {
    await start({ connections: 2 });
    const [first, second] = [client(), client()];
    const texts = [textOf(first), textOf(second)];
    first.write(get('/1'));
    second.write(get('/2'));
    await waitFor('two to be served', () => texts.every((text) => text().includes(']')));

    await isClosed(client().resume());
  });

  it('with data that is not HTTP is answered once and closed', async () => {
    await start();
    let errors = 0;
    server.on('clientError', (_error, socket: Socket) => {
      errors++;
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    const socket = client();
    const text = textOf(socket);

    socket.write('no HTTP\r\n\r\n'.repeat(100));
    await isClosed(socket);

    expect(text()).toBe('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(errors).toBe(1);
  });
});

it('the service handles one request of a client that pipelines its largest document and reads nothing', async () => {
  const service = await startTestApp();
  /** The number in a request id. */
  const handledSoFar = async (): Promise<number> => {
    const { headers } = await fetch(`${service.url}/health/live`);
    return parseInt(headers.get('x-request-id')?.split('-')[1] ?? '', 36);
  };
  try {
    const before = await handledSoFar();
    const nonReading = client(Number(new URL(service.url).port));
    nonReading.write(get('/docs/openapi.json').repeat(2_000));
    await isClosed(nonReading);
    const after = await handledSoFar();

    // The client's first request, and the request that reads the number.
    expect(after - before).toBeLessThanOrEqual(2);
  } finally {
    await service.close();
  }
});
