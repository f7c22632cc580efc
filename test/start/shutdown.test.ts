import { DataSource } from 'typeorm';
import { readKeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import type { Ending } from '../support/node-process.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { Client } from './client.js';
import { oneConnection, send, type Reply, type SentRequest } from './sent-request.js';
import { endAllServices, startService, type Service } from './service.js';

describe('a service that receives SIGTERM with work in flight', () => {
  let database: TestDatabase;
  let records: DataSource;
  let service: Service;
  let talk: string;

  /** Requests in flight at SIGTERM. */
  let dial: SentRequest;
  let longPoll: SentRequest;
  let stream: SentRequest;

  /** Requests after SIGTERM. */
  let onOldConnection: SentRequest;
  let fresh: Reply;
  let alive: Reply;

  /** Sessions that ended without a word, before SIGTERM. */
  let abandonedBefore: number;
  let ending: Ending & { readonly tookMs: number };

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    await seedDemoDirectory(records, readKeyRing(TEST_KEYS));
    service = await startService({
      environment: {
        DATABASE_URL: database.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        SIMULATOR_SPEED: '100',
        DIAL_TIMEOUT: '4',
      },
    });
    const { url } = service;
    const client = new Client(url, TEST_SECRET);
    talk = (await client.ask('1001', 'call/2013')).data!.callSid!;
    await waitFor('the talk', async () => {
      const { data } = await client.ask('1001', `callState/${talk}`);
      return data?.stateType === '3';
    });
    const token = await client.token('1001');
    const kept = oneConnection();
    await (
      await send(`${url}/health/live`, kept)
    ).reply;
    stream = await send(`${url}/v1/app/callState/${talk}/stream?access_token=${token}`);
    longPoll = await send(`${url}/v1/app/callState/${talk}?after=4&wait=25&access_token=${token}`);
    dial = await send(`${url}/v1/app/call/2008?access_token=${await client.token('1004')}`);
    await waitFor('the record of the dial', async () => (await recordsOf('2008')).length > 0);

    abandonedBefore = await abandoned();
    const stopped = service.stop();
    fresh = await waitFor('the first refusal', async () => {
      const reply = await (await send(`${url}/health/ready`)).reply;
      return reply.status !== 200 && reply;
    });
    onOldConnection = await send(`${url}/v1/app/call/2000?access_token=${await client.token('1005')}`, kept);
    await onOldConnection.reply;
    alive = await (await send(`${url}/health/live`)).reply;
    ending = await stopped;
    kept.destroy();
  });

  afterAll(async () => {
    await endAllServices();
    await records.destroy();
    await database.drop();
  });

  const abandoned = async (): Promise<number> => {
    const [row] = await records.query<{ count: number }[]>(
      'select sessions_abandoned::int as count from pg_stat_database where datname = current_database()',
    );
    return row?.count ?? 0;
  };

  const recordsOf = (calleeId: string): Promise<unknown[]> =>
    records.query('select call_sid from call_records where callee_id = $1', [calleeId]);

  it('answers a request whose dial has no reply yet', async () => {
    const { status, body } = await dial.reply;
    const [record] = await recordsOf('2008');

    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      returnCode: 200,
      data: { callSid: (record as { call_sid: string }).call_sid },
    });
  });

  it('answers a long poll with the current state', async () => {
    const { status, body } = await longPoll.reply;

    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ data: { stateType: '3', changes: [] }, returnCode: 200, returnMsg: 'success' });
  });

  it('ends an event stream after a complete event', async () => {
    const { status, body } = await stream.reply;

    expect(status).toBe(200);
    expect(body).toMatch(/"stateType":"3".*\n\n$/);
  });

  it('refuses new requests, on old and on new connections', async () => {
    const { status, headers, body } = await onOldConnection.reply;

    expect(onOldConnection.onOldConnection).toBe(true);
    expect([status, headers.connection, headers['retry-after']]).toEqual([503, 'close', '1']);
    expect(JSON.parse(body)).toMatchObject({ returnCode: 503 });
    expect(fresh).toMatchObject({ status: 503, headers: { connection: 'close', 'retry-after': '1' } });
    expect(await recordsOf('2000')).toEqual([]);
  });

  it('answers liveness with 200 while work is in flight', () => {
    expect(alive.status).toBe(200);
  });

  it('exits with 0, and in time', () => {
    expect([ending.code, ending.complaint]).toEqual([0, '']);
    expect(ending.tookMs).toBeLessThan(10_000);
  });

  it('closes its database sessions properly', async () => {
    await waitFor('the end of its sessions', async () => {
      const [row] = await records.query<{ open: number }[]>(
        `select count(*)::int as open from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      return row?.open === 0;
    });

    // A warning explains a session that was given up.
    const warnings = service
      .output()
      .split('\n')
      .filter((line) => /"level":[45]0/.test(line));
    // On a busy machine, its start may have given one up.
    const since = (await abandoned()) - abandonedBefore;
    expect({ since, warnings }).toEqual({ since: 0, warnings: expect.anything() as unknown });
  });
});
