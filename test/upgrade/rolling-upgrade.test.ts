/** The last release and this version on one database, as in a rolling upgrade: first the old version alone, then both. */
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { issueToken } from '../../src/auth/token-issuer.js';
import { readKeyRing } from '../../src/config/key-ring.js';
import type * as DataSourceOptions from '../../src/database/data-source-options.js';
import { migrate } from '../../src/database/migrate.js';
import type * as DemoDirectory from '../../src/directory/demo-directory.js';
import { endAllServices, startService, type Service } from '../start/service.js';
import { backend, newPhone } from '../support/backend.js';
import { followToTheEnd } from '../support/event-stream.js';
import { startSimulator, type SimulatorProcess } from '../support/simulator-process.js';
import { storeCall } from '../support/stored-call.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, TEST_KEYS, TEST_SECRET, type Envelope, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { buildLastRelease, describeWithLastRelease, type BuiltRelease } from '../support/last-release.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';
import { wrongStatistics } from '../support/wrong-statistics.js';

const START_LIMIT_MS = 120_000;
const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
const CANCEL_FAILED = { returnCode: 400, returnMsg: '取消呼叫失败!' };

type Version = 'old' | 'new';
const otherThan = (version: Version): Version => (version === 'old' ? 'new' : 'old');

describeWithLastRelease('a rolling upgrade from the last release', () => {
  let release: BuiltRelease;
  let testDatabase: TestDatabase;
  let simulator: SimulatorProcess;
  let receiver: WebhookReceiver;
  let service: TestApp;
  let old: Service;
  /** Proxies for the simulator's webhooks: to the new version while its proxy passes, otherwise to the old version. */
  let proxies: Readonly<Record<Version, TcpProxy>>;
  /** A call that the old version placed before the migration. */
  let callFromBefore: string;
  let nextCaller = 1004;

  const urlOf = (version: Version): string => (version === 'old' ? old.url : service.url);

  const tokenOf = (userId: string): Promise<string> => issueToken(TEST_SECRET, { userId, lifetimeSeconds: 600 });

  const ask = async (version: Version, callerId: string, path: string): Promise<Envelope> => {
    const response = await fetch(`${urlOf(version)}/v1/app/${path}?access_token=${await tokenOf(callerId)}`);
    return (await response.json()) as Envelope;
  };

  const place = async (version: Version, targetId: string) => {
    const callerId = String(nextCaller++);
    const { data, returnMsg } = await ask(version, callerId, `call/${targetId}`);
    if (data?.callSid === undefined) throw new Error(`no call was placed: ${returnMsg}`);
    return { callerId, callSid: data.callSid };
  };

  const reaches = (version: Version, callerId: string, callSid: string, state: string): Promise<unknown> =>
    waitFor(`state ${state} at the ${version} version`, async () => {
      const { data } = await ask(version, callerId, `callState/${callSid}`);
      return data?.stateType === state;
    });

  const endOf = async (callSid: string): Promise<unknown> => {
    const [call] = await service.database.query<{ endReason: string }[]>(
      'select end_reason as "endReason" from call_records where call_sid = $1 and state = 4',
      [callSid],
    );
    return call?.endReason;
  };

  const startOldVersion = async (): Promise<void> => {
    const client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query('drop schema public, graphile_worker cascade; create schema public');
    await client.end();
    old = await startService({
      command: [process.execPath, release.main],
      environment: {
        ...simulator.environment,
        ...WITHOUT_LIMITS,
        DATABASE_URL: testDatabase.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        SWEEP_EVERY: '0.5',
        DIAL_TIMEOUT: '2',
        WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
      },
    });
    proxies.old.target = Number(new URL(old.url).port);
    await fillAsOldVersion();
  };

  /** With the old version's code: this version would write columns that do not exist yet. */
  const fillAsOldVersion = async (): Promise<void> => {
    const { dataSourceOptions } = await release.load<typeof DataSourceOptions>('database/data-source-options.js');
    const { seedDemoDirectory } = await release.load<typeof DemoDirectory>('directory/demo-directory.js');
    const database = await new DataSource(dataSourceOptions(testDatabase.url, 1)).initialize();
    await seedDemoDirectory(database, readKeyRing(TEST_KEYS));
    await database.destroy();
  };

  const startNewVersion = async (): Promise<void> => {
    await migrate(testDatabase.url);
    service = await startTestApp({
      databaseUrl: testDatabase.url,
      environment: {
        ...simulator.environment,
        ...WITHOUT_LIMITS,
        SWEEP_EVERY: '0.5',
        DIAL_TIMEOUT: '2',
        WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
      },
    });
    proxies.new.target = Number(new URL(service.url).port);
  };

  beforeAll(async () => {
    [release, testDatabase, receiver] = await Promise.all([
      buildLastRelease(),
      createTestDatabase(),
      startWebhookReceiver(),
    ]);
    const [proxyOfNew, proxyOfOld] = await Promise.all([startTcpProxy(), startTcpProxy()]);
    proxies = { new: proxyOfNew, old: proxyOfOld };
    simulator = await startSimulator({
      targets: [
        `http://127.0.0.1:${proxies.new.port}/v1/webhooks/simulator`,
        `http://127.0.0.1:${proxies.old.port}/v1/webhooks/simulator`,
      ],
      speed: 20,
    });
    await startOldVersion();
    callFromBefore = (await place('old', '2013')).callSid;
    await startNewVersion();
  }, START_LIMIT_MS);
  afterAll(async () => {
    await service.close();
    await endAllServices();
    await simulator.stop();
    await Promise.all([proxies.new.close(), proxies.old.close(), receiver.close()]);
    await testDatabase.drop();
    await release.remove();
  });
  afterEach(async () => {
    proxies.new.mode = 'pass';
    // A test leaves no call open except the one from before the migration.
    const odd = await service.database.query<unknown[]>(
      `select call_sid, state, end_reason from call_records
       where call_sid <> $1 and (state < 4 or end_reason not in ('completed', 'canceled'))`,
      [callFromBefore],
    );
    expect(odd).toEqual([]);
  });

  it('a call that was placed before the migration continues, and the new version can cancel it', async () => {
    await reaches('new', '1004', callFromBefore, '3');

    expect(await ask('new', '1004', `callCancel/${callFromBefore}`)).toEqual(CANCELED);

    await reaches('old', '1004', callFromBefore, '4');
    expect(await endOf(callFromBefore)).toBe('completed');
  });

  it.each(['old', 'new'] as const)('the other version shows and cancels a call of the %s version', async (version) => {
    const { callerId, callSid } = await place(version, '2013');
    await reaches(otherThan(version), callerId, callSid, '3');

    expect(await ask(otherThan(version), callerId, `callCancel/${callSid}`)).toEqual(CANCELED);

    await reaches(version, callerId, callSid, '4');
    expect(await endOf(callSid)).toBe('completed');
  });

  it.each(['old', 'new'] as const)(
    'provider events that the %s version receives are streamed by the other, and delivered as webhooks once and in order',
    async (version) => {
      const endpoint = await registerEndpoint(service, { url: receiver.url });
      if (version === 'old') proxies.new.mode = 'cut';
      const { callerId, callSid } = await place(version, '2000');
      const path = `/v1/app/callState/${callSid}/stream?access_token=${await tokenOf(callerId)}`;
      const events = await followToTheEnd(urlOf(otherThan(version)) + path, () => Promise.resolve({}));
      await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);

      expect(events.at(-1)?.change.data).toMatchObject({ stateType: '4', endReason: 'completed' });
      expect(receiver.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
      await service.admin('DELETE', `webhook-endpoints/${endpoint.id}`);
    },
  );

  it('a backend’s call between two phones ends by an event that the old version receives', async () => {
    const endpoint = await registerEndpoint(service, { url: receiver.url });
    proxies.new.mode = 'cut';

    const { body } = await backend(service).place({
      caller: { phone: newPhone() },
      callee: { phone: newPhone() },
      metadata: { ticket: '1' },
    });
    const callSid = String(body.callSid);
    const events = await followToTheEnd(`${service.url}/v1/calls/${callSid}/events`, async () => ({
      authorization: `Bearer ${await service.token('9001', 'calls:read')}`,
    }));
    await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);

    expect(events.map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
    expect(await endOf(callSid)).toBe('completed');
    await service.admin('DELETE', `webhook-endpoints/${endpoint.id}`);
  });

  it('the old version cancels a call that waits for its dial slot at the new version', async () => {
    const { callSid, callerId } = await storeCall(service.database, { provider: 'simulator', waitsForDialSlot: true });

    expect(await ask('old', callerId, `callCancel/${callSid}`)).toEqual(CANCELED);

    expect(await endOf(callSid)).toBe('canceled');
  });

  it('the cancel of a call that the old version wrote without turn_at is sent to the provider', async () => {
    const { callSid, callerId } = await storeCall(service.database, { provider: 'simulator', waitsForDialSlot: true });
    await service.database.query('update call_records set turn_at = null where call_sid = $1', [callSid]);

    expect(await ask('new', callerId, `callCancel/${callSid}`)).toEqual(CANCEL_FAILED);
    expect(await ask('old', callerId, `callCancel/${callSid}`)).toEqual(CANCELED);
  });

  it.each(['old', 'new'] as const)(
    'a dial of the %s version without a reply ends correctly while both sweepers run',
    async (version) => {
      const { callerId, callSid } = await place(version, '2008');

      await reaches(otherThan(version), callerId, callSid, '4');

      expect(await endOf(callSid)).toBe('completed');
    },
  );

  it('the statistics have the calls of both versions, whichever ended them', async () => {
    await waitFor('them to be counted', async () => (await wrongStatistics(service.database)).length === 0);
    const [{ calls }] = await service.database.query<[{ calls: number }]>(
      `select sum(calls)::integer as calls from call_statistics where grouped_by = 'provider' and minutes = 15`,
    );
    expect(calls).toBeGreaterThan(6);
  });
});
