import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';
import { createProxiedDatabase, type ProxiedDatabase } from '../support/proxied-database.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const get = async (path: string, { url } = service) => {
  const response = await fetch(`${url}/health/${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('health', () => {
  it('is live, and shows the running version', async () => {
    const { version } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };

    expect(await get('live')).toEqual({ status: 200, body: { status: 'ok', version } });
  });

  it('is ready when database, migrations and provider are ready', async () => {
    expect(await get('ready')).toEqual({
      status: 200,
      body: { status: 'ok', checks: { database: 'up', migrations: 'up', simulator: 'up' } },
    });
  });

  it('is not ready while a migration is missing, and gives the reason', async () => {
    const [[last]] = await service.database.query<[{ name: string; timestamp: string }[], number]>(
      'delete from migrations where id = (select max(id) from migrations) returning *',
    );
    try {
      const { status, body } = await get('ready');

      expect(status).toBe(503);
      expect(body).toMatchObject({ code: 'UNAVAILABLE', errors: [{ where: 'migrations', what: 'down' }] });
    } finally {
      await service.database.query('insert into migrations (timestamp, name) values ($1, $2)', [
        last?.timestamp,
        last?.name,
      ]);
    }
  });
});

describe('readiness', () => {
  let database: ProxiedDatabase;
  let provider: Server;
  /** The number of requests to the provider, and whether it answers them. */
  let requests: number;
  let answers: boolean;
  let watched: TestApp;
  const log = collectedLog();
  const start = (logTo?: NodeJS.WritableStream): Promise<TestApp> =>
    startTestApp({
      databaseUrl: database.url,
      environment: {
        LOG_LEVEL: 'info',
        SIMULATOR_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
        SIMULATOR_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 's').toString('base64')}`,
      },
      logTo,
    });
  const linesOf = (msg: string) => log.lines().filter((line) => line.msg === msg);

  beforeAll(async () => {
    database = await createProxiedDatabase();
    requests = 0;
    answers = true;
    provider = createServer((_request, response) => {
      requests++;
      if (answers) response.setHeader('content-type', 'application/json').end('{"status":"ok"}');
      else response.destroy();
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    watched = await start(log.stream);
  });
  afterAll(async () => {
    database.proxy.mode = 'pass';
    await watched.close();
    provider.closeAllConnections();
    await new Promise((resolve) => provider.close(resolve));
    await database.drop();
  });

  it('sends one request to the provider for fifty concurrent checks, and no other for a while', async () => {
    // Of its own, because one that was asked already remembers the answer.
    const fresh = await start();
    try {
      const before = requests;
      const all = await Promise.all(Array.from({ length: 50 }, () => get('ready', fresh)));
      await get('ready', fresh);

      expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
      expect(requests - before).toBe(1);
    } finally {
      await fresh.close();
    }
  });

  it('stays while a provider is unreachable, and shows it as degraded until it answers again', async () => {
    const health = async () => {
      const { status, body } = await get('ready', watched);
      expect(status).toBe(200);
      return (body.checks as Record<string, string>).simulator;
    };

    answers = false;
    await waitFor('degraded', async () => (await health()) === 'degraded', 20_000);
    answers = true;
    await waitFor('up', async () => (await health()) === 'up', 20_000);

    await waitFor('the lines', () => linesOf('provider reachable again').length > 0);
    expect(linesOf('provider unreachable')).toMatchObject([
      { level: 40, provider: 'simulator', error: { message: expect.stringMatching(/./) as unknown } },
    ]);
    expect(linesOf('provider reachable again')).toMatchObject([{ level: 30, provider: 'simulator' }]);
  });

  it('logs each reason of its end once, and its return once', async () => {
    const isReady = async () => (await get('ready', watched)).status === 200;

    database.proxy.mode = 'cut';
    for (let polls = 0; polls < 3; polls++) await waitFor('unreadiness', async () => !(await isReady()));
    database.proxy.mode = 'pass';
    await waitFor('readiness', isReady);
    await isReady();

    const reasons = linesOf('not ready').map(({ reason }) => reason);
    expect(reasons.length).toBeGreaterThan(0);
    // A broken connection and a refused connection are two reasons. Three polls with the same reason are one line.
    expect(reasons).toEqual([...new Set(reasons)]);
    for (const line of linesOf('not ready'))
      expect(line).toMatchObject({ level: 50, error: { message: expect.any(String) as unknown } });
    expect(linesOf('ready again')).toHaveLength(1);
    expect(linesOf('request failed')).toEqual([]);
  });
});
