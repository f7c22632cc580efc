/** Bodies in chunks of a byte or two, which cost a thousand times what they weigh; and those of clients that write line by line. */
import { connect } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app.js';

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

/** All that comes back, until the connection ends. */
const answerTo = async (bytes: string): Promise<string> => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  let answer = '';
  for await (const part of socket) answer += String(part);
  return answer;
};

it.each(['/v1/webhooks/simulator', '/v1/admin/users', '/nope'])(
  'are refused at %s, and what was sent is not kept',
  async (path) => {
    await answerTo(`${head(path)}${chunk('x').repeat(60_000)}`);
    global.gc?.();
    const before = process.memoryUsage().rss;

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => answerTo(`${head(path)}${chunk('x').repeat(60_000)}`)),
    );

    const statuses = answers.map((answer) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
    expect(statuses.filter((status) => !['401', '404', '413', undefined].includes(status))).toEqual([]);
    // They were 400 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  },
  60_000,
);

it('are refused with 413 where nothing else is wrong', async () => {
  expect(await answerTo(`${head('/v1/webhooks/simulator')}${chunk('x').repeat(300)}`)).toMatch(
    /^HTTP\/1\.1 413 [^]*"returnCode":413,/,
  );
});

it('spoil no parser for the connections that come after', async () => {
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

it('are taken from a client that writes a line at a time', async () => {
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
