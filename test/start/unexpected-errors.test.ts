/** Uncaught exceptions and unhandled rejections: one policy, tested from outside the process. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { DataSource } from 'typeorm';
import { readKeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { endOf, startNode } from '../support/node-process.js';
import { SIMULATOR } from '../support/simulator-process.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { Client } from './client.js';
import { send } from './sent-request.js';
import { endAllServices, startService, type Service } from './service.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

const FAULTS = { NODE_OPTIONS: `--import=${new URL('faults.mjs', import.meta.url).href}` };

const KINDS = [
  ['an uncaught exception', 'SIGUSR2', 'uncaught exception, stopping'],
  ['an unhandled rejection', 'SIGHUP', 'unhandled rejection, stopping'],
] as const;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly error?: unknown;
}

/** Fails when a line, also the last one, is incomplete. */
const fatalLines = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level }) => level === 60);

const A_FAULT = { type: 'Error', message: 'a fault', stack: expect.stringContaining('faults.mjs') };

describe('a service', () => {
  let database: TestDatabase;
  let records: DataSource;
  let service: Service;

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    await seedDemoDirectory(records, readKeyRing(TEST_KEYS));
  });
  beforeEach(async () => {
    service = await startService({
      environment: {
        DATABASE_URL: database.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        DIAL_TIMEOUT: '5',
        ...WITHOUT_LIMITS,
        ...FAULTS,
      },
    });
  });
  afterEach(endAllServices);
  afterAll(async () => {
    await records.destroy();
    await database.drop();
  });

  const callsOf = (callerId: string): Promise<unknown[]> =>
    records.query('select from call_records where caller_id = $1', [callerId]);

  it.each(KINDS)('logs %s, refuses new requests, finishes work in flight and exits with 1', async (_, fault, msg) => {
    const caller = fault === 'SIGHUP' ? '1001' : '1004';
    const token = await new Client(service.url, TEST_SECRET).token(caller);
    const dial = await send(`${service.url}/v1/app/call/2008?access_token=${token}`);
    await waitFor('the record of the dial', async () => (await callsOf(caller)).length > 0);

    process.kill(service.pid, fault);
    await waitFor('the first refusal', async () => {
      const { status } = await (await send(`${service.url}/health/ready`)).reply;
      return status === 503;
    });
    // Another fault and SIGTERM do not change a shutdown in progress.
    const { code, complaint } = await service.stop(fault, 'SIGTERM');

    expect([code, complaint]).toEqual([1, '']);
    expect(JSON.parse((await dial.reply).body)).toMatchObject({ returnCode: 200 });
    const lines = fatalLines(service.output());
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatchObject({ msg, error: A_FAULT });
  });

  it('exits with 1 despite endless errors and an unfinished request, and does not flood the log', async () => {
    const unfinished = connect(Number(new URL(service.url).port), '127.0.0.1').on('error', () => undefined);
    await once(unfinished, 'connect');
    unfinished.write('POST /v1/webhooks/simulator HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    await (
      await send(`${service.url}/health/live`)
    ).reply;

    const { code, complaint } = await service.stop('SIGALRM');

    expect([code, complaint]).toEqual([1, '']);
    expect(fatalLines(service.output())).toHaveLength(10);
    unfinished.destroy();
  });
});

describe('the simulator', () => {
  it.each(KINDS)('logs %s and exits with 1', async (_, fault, msg) => {
    const child = startNode(SIMULATOR, [], {
      environment: {
        SIMULATOR_PORT: '0',
        SIMULATOR_TARGETS: 'http://127.0.0.1:1/',
        SIMULATOR_WEBHOOK_SECRETS: randomWebhookSecret(),
        ...FAULTS,
      },
    });
    const ending = endOf(child);
    await Promise.race([once(child.stdout!, 'data'), ending.then((end) => Promise.reject(new Error(end.complaint)))]);

    child.kill(fault);

    const { code, output, complaint } = await ending;
    expect([code, complaint]).toEqual([1, '']);
    expect(fatalLines(output)).toEqual([expect.objectContaining({ msg, error: expect.objectContaining(A_FAULT) })]);
  });
});
