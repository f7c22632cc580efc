/** The memory of the service when anonymous clients pipeline requests and never read responses. */
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROCESS_LIMIT_MS } from '../support/node-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, startService, type Service } from './service.js';

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

// Only Linux shows the current and the peak memory of another process.
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

/** Open connections of the service, including those to its database. */
const connections = async (): Promise<number> => {
  const folder = `/proc/${service.pid}/fd`;
  const targets = (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => ''));
  return (await Promise.all(targets)).filter((target) => target.startsWith('socket:')).length;
};

/** The service may open this many more connections to its database. */
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
  // Up to the limit of waiting requests, and above it.
  return request.repeat(index % 2 === 0 ? 17 : 1_000);
};

onLinux(
  `the service needs less than ${MAX_MB} MB for ${CONNECTIONS} connections that pipeline requests and never read`,
  async () => {
    for (const path of PATHS) await (await fetch(service.url + path)).text();
    for (let i = 0; i < CONNECTIONS; i += 50) await Promise.all(Array.from({ length: 50 }, openClient));
    await waitFor('all connections', async () => (await connections()) >= CONNECTIONS);
    const idle = await memoryMb('VmRSS');
    // Resets the peak value (proc(5), clear_refs).
    await writeFile(`/proc/${service.pid}/clear_refs`, '5');

    // The process is stopped until all requests have arrived, so that it reads them at once.
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
