/** Bodies in chunks of one or two bytes, which cost a thousand times their size; and bodies that are sent line by line. */
import { connect, type Socket } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const head = (path: string, ...more: string[]): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: x',
    'content-type: application/json',
    'transfer-encoding: chunked',
    ...more,
    '',
    '',
  ].join('\r\n');

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** All received text, until the connection ends. */
const answerTo = async (bytes: string | Buffer): Promise<string> => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  let answer = '';
  for await (const part of socket) answer += String(part);
  return answer;
};

it.each(['/v1/webhooks/simulator', '/v1/admin/users', '/nope'])(
  'small chunks are refused at %s, and are not kept in memory',
  async (path) => {
    await answerTo(`${head(path)}${chunk('x').repeat(60_000)}`);
    global.gc?.();
    const before = process.memoryUsage().rss;

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => answerTo(`${head(path)}${chunk('x').repeat(60_000)}`)),
    );

    const statuses = answers.map((answer) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
    expect(statuses.filter((status) => !['401', '404', '413', undefined].includes(status))).toEqual([]);
    // Before this limit, they took 400 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  },
);

it('small chunks are refused with 413 when the request is otherwise valid', async () => {
  expect(await answerTo(`${head('/v1/webhooks/simulator')}${chunk('x').repeat(300)}`)).toMatch(
    /^HTTP\/1\.1 413 [^]*"returnCode":413,/,
  );
});

it('chunks of 65 bytes cost little more memory than their size', async () => {
  const begun = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      socket.write(`${head('/v1/webhooks/simulator')}${chunk('x'.repeat(65)).repeat(900)}`, () => {
        resolve();
      });
    });
    return socket;
  };
  await Promise.all(Array.from({ length: 20 }, begun)).then((all) => all.map((socket) => socket.destroy()));
  global.gc?.();
  const before = process.memoryUsage();

  const sockets = await Promise.all(Array.from({ length: 200 }, begun));
  // A request that is sent after them is answered after them.
  expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
  const { rss } = process.memoryUsage();

  for (const socket of sockets) socket.destroy();
  // Before this limit, they took 85 MB.
  expect(rss - before.rss).toBeLessThan(50 * 1024 * 1024);
});

it('chunks are counted per request of a connection, and a body with a length is not a chunk', async () => {
  const body = '{"blocked":false}';
  const authorization = `authorization: Bearer ${await service.token('1001', 'admin')}`;
  const patch = (...more: string[]): string =>
    ['PATCH /v1/admin/users/1005 HTTP/1.1', 'host: x', 'content-type: application/json', authorization, ...more].join(
      '\r\n',
    ) + `\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  const answers = (): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);

  for (let i = 1; i <= 200; i++) {
    socket.write(patch());
    await waitFor('its answer', () => answers().length === i);
  }

  expect(new Set(answers())).toEqual(new Set(['200']));
  socket.destroy();
});

it('chunks of any sizes are joined in their order', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `user ${i} ${'名'.repeat((i % 40) + 1)}`);
  const json = JSON.stringify({ users: names.map((name, i) => ({ id: String(30_000 + i), name, phone: null })) });
  const bytes = Buffer.from(json);
  const sizes = [1, 70, 900, 1023, 1024, 1025, 5000, 3, 4096];
  let sent = '';
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const part = bytes.subarray(at, at + sizes[i % sizes.length]!);
    sent += `${part.length.toString(16)}\r\n${part.toString('latin1')}\r\n`;
    at += part.length;
  }
  const request = `${head(
    '/v1/admin/users',
    `authorization: Bearer ${await service.token('1001', 'admin')}`,
    'connection: close',
  ).replace('POST', 'PUT')}${sent}0\r\n\r\n`;

  expect(await answerTo(Buffer.from(request, 'latin1'))).toMatch(/^HTTP\/1\.1 200 /);
  const stored = await service.database.query<{ name: string }[]>(
    'select name from app_user where id between 30000 and 30299 order by id',
  );
  expect(stored.map(({ name }) => name)).toEqual(names);
});

it('small chunks do not affect the parsers of later connections', async () => {
  await Promise.all(Array.from({ length: 20 }, () => answerTo(`${head('/nope')}${chunk('x').repeat(1_000)}`)));

  const names = Array.from({ length: 40 }, (_, i) => `somebody ${i}`);
  const stored = await Promise.all(
    names.map(async (name, i) => {
      const response = await service.admin('POST', 'users', { id: String(8_000 + i), name });
      return ((await response.json()) as { name: string }).name;
    }),
  );
  expect(stored).toEqual(names);
});

it('chunks from an encoder that writes one token at a time are accepted', async () => {
  const users = Array.from({ length: 500 }, (_, i) => ({ id: String(25_000 + i), name: `name ${i}`, phone: null }));
  const tokens = JSON.stringify({ users }).match(/"[^"]*"|[^"]+?(?=")|[^"]+/g)!;
  const authorization = `authorization: Bearer ${await service.token('1001', 'admin')}`;
  const request = `${head('/v1/admin/users', authorization, 'connection: close').replace('POST', 'PUT')}${tokens.map(chunk).join('')}0\r\n\r\n`;

  expect(await answerTo(request)).toMatch(/^HTTP\/1\.1 200 /);
});

it('chunks from a client that writes one line at a time are accepted', async () => {
  const users = Array.from({ length: 2_000 }, (_, i) => ({
    id: String(20_000 + i),
    name: `a name of some length ${i}`,
    phone: null,
  }));
  const lines = users.map((user, i) => chunk(`${i === 0 ? '{"users":[' : ','}${JSON.stringify(user)}\n`));
  const request =
    head(
      '/v1/admin/users',
      `authorization: Bearer ${await service.token('1001', 'admin')}`,
      'connection: close',
    ).replace('POST', 'PUT') + `${lines.join('')}${chunk(']}')}0\r\n\r\n`;

  expect(await answerTo(request)).toMatch(/^HTTP\/1\.1 200 /);
});
