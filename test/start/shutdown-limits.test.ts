import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { DataSource } from 'typeorm';
import { readKeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { Client } from './client.js';
import { oneConnection, send } from './sent-request.js';
import { endAllServices, startService, type Service } from './service.js';

/** The limit for work in flight; see app.ts. A service without work in flight must not wait for it. */
const FINISH_LIMIT_MS = 7_000;

describe('a service that receives SIGTERM', () => {
  let database: TestDatabase;
  let records: DataSource;
  const sockets: Socket[] = [];

  const settings = (more: Record<string, string> = {}) => ({
    environment: { DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS, ...more },
  });

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    await seedDemoDirectory(records, readKeyRing(TEST_KEYS));
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    await endAllServices();
    await records.destroy();
    await database.drop();
  });

  /** Opens a connection and sends only this text. */
  const sendPart = async ({ url }: Service, text: string): Promise<void> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (text) await new Promise((resolve) => socket.write(text, resolve));
    // Data that arrives later on another connection is read later too.
    await (
      await send(`${url}/health/live`)
    ).reply;
  };

  it('does not wait for a connection without a request or with an incomplete request', async () => {
    const service = await startService(settings());
    await sendPart(service, '');
    await sendPart(service, 'GET /health/live HTTP/1.1\r\nhost:');
    await sendPart(service, 'GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const kept = oneConnection();
    await (
      await send(`${service.url}/health/live`, kept)
    ).reply;

    const { code, complaint, tookMs } = await service.stop();

    expect([code, complaint]).toEqual([0, '']);
    expect(tookMs).toBeLessThan(FINISH_LIMIT_MS);
    kept.destroy();
  });

  it('aborts work that does not finish within the limit', async () => {
    const service = await startService(settings({ DIAL_TIMEOUT: '60' }));
    await sendPart(
      service,
      'POST /v1/webhooks/simulator HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf',
    );
    const token = await new Client(service.url, TEST_SECRET).token('1001');
    const dial = await send(`${service.url}/v1/app/call/2008?access_token=${token}`);
    await waitFor('the record of the dial', async () => {
      const [{ calls }] = await records.query<[{ calls: number }]>('select count(*)::int as calls from call_records');
      return calls > 0;
    });

    const { code, complaint, tookMs } = await service.stop();

    expect([code, complaint]).toEqual([0, '']);
    expect(tookMs).toBeLessThan(10_000);
    expect((await dial.reply).body).toContain('系统内部异常!');
  });
});
