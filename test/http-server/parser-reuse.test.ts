/**
 * Node keeps its HTTP parsers in one pool, and returns the parser of a refused CONNECT before that connection is closed.
 * An action on one connection must never affect the body of another.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { issueToken } from '../../src/auth/token-issuer.js';
import { startService, type Service } from '../start/service.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
/** A separate process, so that a connection can arrive at the instant at which another is refused. */
let service: Service;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    environment: { DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS },
  });
});
afterAll(async () => {
  await service.kill();
  await database.drop();
});

const open = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
};

/** A refused CONNECT on each connection, and immediately a new connection for each. */
const connectAndSucceed = async (before = ''): Promise<void> => {
  const sockets = await Promise.all(Array.from({ length: 30 }, open));
  const closed = sockets.map((socket) => once(socket, 'close'));
  const successors = sockets.map((socket) => {
    socket.write(`${before}CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n`);
    return open();
  });
  const opened = await Promise.all(successors);
  await Promise.all(closed);
  for (const socket of opened) socket.destroy();
};

/** A body that is refused for its content only if all of it arrives. */
const BODY = '{"blocked":"no"}';
const HEAD = ['PATCH /v1/admin/users/1005 HTTP/1.1', 'host: x', 'content-type: application/json', 'connection: close'];
const WHOLE = [`content-length: ${BODY.length}`, '', BODY];
const IN_CHUNKS = ['transfer-encoding: chunked', '', '9\r\n{"blocked', '7\r\n":"no"}', '0\r\n\r\n'];

/** Small bodies on new connections, in twelve parallel sequences: each uses the parser that was freed last. */
const wrongReplies = async (): Promise<string[]> => {
  const authorization = `authorization: Bearer ${await issueToken(TEST_SECRET, { userId: '1001', scope: 'admin', lifetimeSeconds: 600 })}`;
  const replyTo = async (body: string[]): Promise<string> => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.on('error', () => undefined).write([...HEAD, authorization, ...body].join('\r\n'));
    let answer = '';
    for await (const part of socket) answer += String(part);
    return /"what":"[^"]*"/.exec(answer)?.[0] ?? answer;
  };
  const replies: string[] = [];
  const track = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) replies.push(await replyTo(i % 2 === 0 ? WHOLE : IN_CHUNKS));
  };
  await Promise.all(Array.from({ length: 12 }, track));
  return replies.filter((reply) => reply !== '"what":"must be true or false"');
};

const SMALL_CHUNKS = `POST /nope HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(200)}0\r\n\r\n`;

it.each([
  ['nothing', ''],
  ['a body in small chunks', SMALL_CHUNKS],
])('a CONNECT after %s changes no other body', async (_what, before) => {
  for (let round = 0; round < 20; round++) await connectAndSucceed(before);

  expect(await wrongReplies()).toEqual([]);
});

it('the bytes of a disconnected client are not prepended to another body', async () => {
  for (let round = 0; round < 5; round++) {
    const sockets = await Promise.all(Array.from({ length: 40 }, open));
    for (const socket of sockets) {
      socket.write(
        'POST /v1/webhooks/simulator HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n4\r\n"le"\r\n',
      );
    }
    await fetch(`${service.url}/health/live`);
    for (const socket of sockets) socket.destroy();
    await connectAndSucceed();
  }

  expect(await wrongReplies()).toEqual([]);
});
