/**
 * `npm run bench:export`: an export of a million calls by a service process of its own: its memory and time, and how long a
 * user's state request takes meanwhile. Takes some minutes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { issueToken } from '../../src/auth/token-issuer.js';
import { endAllServices, startService } from '../start/service.js';
import { fillWithCalls } from '../support/many-calls.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase } from '../support/test-database.js';

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

const memoryMb = async (pid: number | undefined, name: 'VmRSS' | 'VmHWM'): Promise<number> => {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
};

const received = (url: string, token: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () => {
        resolve(bytes);
      });
      response.on('error', reject);
    }).on('error', reject);
  });

it.each([20_000, 300_000, 1_000_000])(
  'exports %i calls',
  async (count) => {
    const folder = await mkdtemp(join(tmpdir(), 'ringback bench '));
    const testDatabase = await createTestDatabase();
    const database = await new DataSource({ type: 'postgres', url: testDatabase.url, extra: { max: 1 } }).initialize();
    await fillWithCalls(database, count);
    await database.destroy();
    const environment = { DATABASE_URL: testDatabase.url, DATA_DIR: join(folder, 'data'), SWEEP_EVERY: '600' };
    const service = await startService({
      environment: { ...environment, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, LOG_LEVEL: 'info' },
    });
    try {
      print(`\n${count} calls\n\n| export | MB | seconds | memory before | at most | slowest other request |`);
      print('| --- | --- | --- | --- | --- | --- |');
      for (const [name, query, scope] of [
        ['CSV', 'calls.csv?timeZone=Asia/Shanghai', 'admin'],
        ['JSON lines', 'calls.ndjson', 'admin'],
        ['JSON lines, masked', 'calls.ndjson', 'admin:read'],
      ] as const) {
        const token = await issueToken(TEST_SECRET, { userId: '1001', scope, lifetimeSeconds: 3_600 });
        const before = await memoryMb(service.pid, 'VmRSS');
        await writeFile(`/proc/${String(service.pid)}/clear_refs`, '5');
        const start = performance.now();
        let [isOver, slowest] = [false, 0];
        const others = (async () => {
          while (!isOver) {
            const sentAt = performance.now();
            await (await fetch(`${service.url}/v1/app/callState/0?access_token=${token}`)).text();
            slowest = Math.max(slowest, performance.now() - sentAt);
          }
        })();
        const bytes = await received(`${service.url}/v1/admin/${query}`, token);
        isOver = true;
        await others;
        const seconds = ((performance.now() - start) / 1_000).toFixed(1);
        const most = await memoryMb(service.pid, 'VmHWM');
        const cells = [name, (bytes / 1e6).toFixed(0), seconds, `${before.toFixed(0)} MB`, `${most.toFixed(0)} MB`];
        print(`| ${cells.join(' | ')} | ${slowest.toFixed(0)} ms |`);
      }
    } finally {
      await endAllServices();
      await testDatabase.drop();
      await rm(folder, { recursive: true, force: true });
    }
  },
  3_600_000,
);
