/** What anonymous clients can make the service keep in memory that pipeline requests and never read. */
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROCESS_LIMIT_MS } from '../support/node-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, startService, type Service } from './service.js';

jest.setTimeout(PROCESS_LIMIT_MS);

const CONNECTIONS = 1_000;
const MAX_MB = 100;
const PATHS = [
  '/docs/openapi.json',
  '/docs/',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui-init.js',
  '/health/ready',
  '/v1/app/call/2000',
  '/nothing',
];

// The memory of another process and its greatest value are told by Linux alone.
const onLinux = process.platform === 'linux' ? it : it.skip;

let folder: string;
let database: TestDatabase;
let service: Service;
let clients: Socket[];

beforeAll(async () => {
  clients = [];
  folder = await mkdtemp(join(tmpdir(), 'ringback start '));
  database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, DATA_DIR: join(folder, 'data') };
  service = await startService({
    environment: { ...environment, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, LOG_LEVEL: 'info' },
  });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await endAllServices();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const memoryMb = async (name: 'VmRSS' | 'VmHWM'): Promise<number> => {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
};

/** Connections that the service has open, also to its database. */
const connections = async (): Promise<number> => {
  const folder = `/proc/${service.pid}/fd`;
  const targets = (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => ''));
  return (await Promise.all(targets)).filter((target) => target.startsWith('socket:')).length;
};

/** It may open as many more to its database meanwhile. */
const POOL = 20;

const openClient = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url);
    const client = connect(Number(port), hostname).pause();
    clients.push(client);
    client.once('connect', () => resolve(client)).once('error', reject);
  });

const pipeline = (index: number): string => {
  const request = `GET ${PATHS[index % PATHS.length] ?? ''} HTTP/1.1\r\nhost: x\r\n\r\n`;
  // As many as may wait, and more.
  return request.repeat(index % 2 === 0 ? 17 : 1_000);
};

onLinux(
  `takes less than ${MAX_MB} MB for ${CONNECTIONS} connections that pipeline requests and never read`,
  async () => {
    for (const path of PATHS) await (await fetch(service.url + path)).text();
    for (let i = 0; i < CONNECTIONS; i += 50) await Promise.all(Array.from({ length: 50 }, openClient));
    await waitFor('all connections', async () => (await connections()) >= CONNECTIONS);
    const idle = await memoryMb('VmRSS');
    // From here on the greatest value begins anew (proc(5), clear_refs).
    await writeFile(`/proc/${service.pid}/clear_refs`, '5');

    // All requests are there when it goes on, so that it reads them at one instant.
    process.kill(service.pid, 'SIGSTOP');
    clients.forEach((client, index) => client.on('error', () => undefined).write(pipeline(index)));
    await waitFor('the requests to be sent', () => clients.every(({ writableLength }) => writableLength < 32_768));
    process.kill(service.pid, 'SIGCONT');
    await waitFor(
      'the end of those that pipeline too many',
      async () => (await connections()) <= CONNECTIONS / 2 + POOL,
      PROCESS_LIMIT_MS / 2,
    );
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);

    expect((await memoryMb('VmHWM')) - idle).toBeLessThan(MAX_MB);
  },
);
