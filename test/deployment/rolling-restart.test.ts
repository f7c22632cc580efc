/**
 * A rolling restart behind a real nginx with the configuration of deploy/: two replicas are replaced in turn while calls,
 * polls, long polls, streams and webhooks go on. No request fails, and no change is lost.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Agent, request } from 'undici';
import { issueToken } from '../../src/auth/token-issuer.js';
import { readKeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { describeWithPackages, fetchPackages } from '../support/debian-packages.js';
import { newPhone } from '../support/backend.js';
import { followToTheEnd } from '../support/event-stream.js';
import { freePort } from '../support/free-port.js';
import { isInstalled } from '../support/node-process.js';
import { PROXY_PACKAGES, startReverseProxy, type ReverseProxy } from '../support/reverse-proxy.js';
import { startSimulator, type SimulatorProcess } from '../support/simulator-process.js';
import { TEST_KEYS, TEST_SECRET, type Envelope } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { endAllServices, startService, type Service } from '../start/service.js';
import { REPOSITORY } from './repository.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

const MAIN = join(REPOSITORY, 'dist/src/main.js');
const REPLICAS = 2;
/** Each is replaced twice, the next one as soon as the one before listens. */
const ORDER = [0, 1, 0, 1];
const COMPLETED = '2000';
/** Clients that never rest would only take the processor from the replicas that start. */
const REST_BETWEEN_CALLS_MS = 100;
const APP_POLLS_EVERY_MS = 50;
const WHAT = 'a rolling restart behind nginx';

const missing = await fetchPackages(PROXY_PACKAGES.nginx);

if (isInstalled('openssl', WHAT)) {
  describeWithPackages(PROXY_PACKAGES.nginx, missing, WHAT, () => {
    let database: TestDatabase;
    let records: DataSource;
    let receiver: WebhookReceiver;
    let proxy: ReverseProxy;
    let simulator: SimulatorProcess;
    let agent: Agent;
    const replicas: Service[] = [];
    const ports: number[] = [];
    let isOver = false;
    /** The calls that have ended, by the kind of their client. */
    const ended: Record<'polled' | 'longPolled' | 'streamed' | 'ordered' | 'canceled', string[]> = {
      polled: [],
      longPolled: [],
      streamed: [],
      ordered: [],
      canceled: [],
    };

    const url = (path: string): string => `https://127.0.0.1:${proxy.port}${path}`;
    const tokenOf = (userId: string, scope?: string): Promise<string> =>
      issueToken(TEST_SECRET, { userId, lifetimeSeconds: 600, ...(scope !== undefined && { scope }) });

    const send = async (
      method: 'GET' | 'POST',
      path: string,
      token: string,
      body?: object,
      headers: Record<string, string> = {},
    ): Promise<unknown> => {
      const response = await request(url(path), {
        dispatcher: agent,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.body.text();
      if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
      return JSON.parse(text);
    };

    const ask = async (callerId: string, path: string): Promise<Envelope> => {
      const reply = (await send('GET', `/v1/app/${path}`, await tokenOf(callerId))) as Envelope;
      if (reply.returnCode !== 200) throw new Error(`${path}: ${reply.returnCode} ${reply.returnMsg}`);
      return reply;
    };

    const place = async (callerId: string): Promise<string> => {
      const { data } = await ask(callerId, `call/${COMPLETED}`);
      return data!.callSid!;
    };

    const pollUntilTheEnd = async (callerId: string): Promise<void> => {
      const callSid = await place(callerId);
      for (let state = '1'; state !== '4';) {
        await sleep(APP_POLLS_EVERY_MS);
        state = (await ask(callerId, `callState/${callSid}`)).data!.stateType!;
      }
      ended.polled.push(callSid);
    };

    const longPollUntilTheEnd = async (callerId: string): Promise<void> => {
      const callSid = await place(callerId);
      for (let seen = '1'; seen !== '4';) {
        const { data } = await ask(callerId, `callState/${callSid}?after=${seen}&wait=20`);
        seen = data!.stateType!;
      }
      ended.longPolled.push(callSid);
    };

    const streamUntilTheEnd = async (callerId: string): Promise<void> => {
      const callSid = await place(callerId);
      const headers = async () => ({ authorization: `Bearer ${await tokenOf(callerId)}` });
      const events = await followToTheEnd(url(`/v1/app/callState/${callSid}/stream`), headers, proxy.authority);
      expect(events.map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4]);
      ended.streamed.push(callSid);
    };

    const order = async (key: string): Promise<string> => {
      const token = await tokenOf('9001', 'calls:write');
      const body = { caller: { phone: newPhone() }, callee: { phone: newPhone() } };
      const call = (await send('POST', '/v1/calls', token, body, { 'idempotency-key': key })) as { callSid: string };
      return call.callSid;
    };

    const orderedCallEnds = async (callSid: string): Promise<void> => {
      for (let seen = '1'; seen !== '4';) {
        const token = await tokenOf('9001', 'calls:read');
        const path = `/v1/calls/${callSid}/events?after=${seen}&wait=20`;
        seen = ((await send('GET', path, token)) as { stateType: string }).stateType;
      }
    };

    const orderUntilTheEnd = async (key: string): Promise<void> => {
      const callSid = await order(key);
      await orderedCallEnds(callSid);
      ended.ordered.push(callSid);
    };

    const orderAndCancel = async (key: string): Promise<void> => {
      const callSid = await order(key);
      await send('POST', `/v1/calls/${callSid}/cancel`, await tokenOf('9001', 'calls:write'), {});
      await orderedCallEnds(callSid);
      ended.canceled.push(callSid);
    };

    const again = async (who: string, work: (who: string) => Promise<void>): Promise<void> => {
      for (let count = 0; !isOver; count++) {
        await work(who.replace('#', String(count)));
        await sleep(REST_BETWEEN_CALLS_MS);
      }
    };

    const startReplica = async (index: number): Promise<void> => {
      replicas[index] = await startService({
        command: [process.execPath, MAIN],
        environment: {
          ...simulator.environment,
          ...WITHOUT_LIMITS,
          PORT: String(ports[index]),
          DATABASE_URL: database.url,
          JWT_SECRET: TEST_SECRET,
          SUB_ACCOUNT_KEYS: TEST_KEYS,
          SIMULATOR_SHARES_ACCOUNT: 'true',
          TRUST_PROXY: '1',
          DRAIN_SECONDS: '0.5',
          WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
        },
      });
    };

    beforeAll(async () => {
      database = await createTestDatabase();
      records = await new DataSource(dataSourceOptions(database.url, 2)).initialize();
      await seedDemoDirectory(records, readKeyRing(TEST_KEYS));
      receiver = await startWebhookReceiver();
      for (let index = 0; index < REPLICAS; index++) ports.push(await freePort());
      proxy = await startReverseProxy('nginx', ...ports.map((port) => `127.0.0.1:${port}`));
      simulator = await startSimulator({
        targets: [url('/v1/webhooks/simulator')],
        speed: 40,
        authorityFile: proxy.authorityFile,
      });
      agent = new Agent({ connect: { ca: proxy.authority } });
      await Promise.all(ports.map((_, index) => startReplica(index)));
      await send('POST', '/v1/admin/webhook-endpoints', await tokenOf('1001', 'admin'), { url: receiver.url });
    });
    afterAll(async () => {
      await endAllServices();
      await agent.close();
      await simulator.stop();
      await proxy.close();
      await receiver.close();
      await records.destroy();
      await database.drop();
    });

    const callsOfEachKind = (): number => Math.min(...Object.values(ended).map(({ length }) => length));

    it('no request fails, no call is harmed, and no change is lost', async () => {
      const clients = Promise.all([
        again('1004', pollUntilTheEnd),
        ...['1005', '1006'].map((callerId) => again(callerId, longPollUntilTheEnd)),
        ...['1007', '1008'].map((callerId) => again(callerId, streamUntilTheEnd)),
        again('order-#', orderUntilTheEnd),
        again('cancel-#', orderAndCancel),
      ]);
      /** Fails as soon as a client does. */
      const during = <T>(work: Promise<T>): Promise<T> => Promise.race([work, clients.then(() => work)]);
      const moreCalls = (): Promise<unknown> => {
        const until = callsOfEachKind() + 2;
        return waitFor('calls of each kind', () => callsOfEachKind() >= until, 30_000);
      };

      await during(moreCalls());
      for (const index of ORDER) {
        const { code, complaint } = await during(replicas[index]!.stop('SIGTERM'));
        expect([code, complaint]).toEqual([0, '']);
        await during(moreCalls());
        await during(startReplica(index));
      }
      await during(moreCalls());
      isOver = true;
      await clients;

      const ends = await records.query<{ callSid: string; endReason: string }[]>(
        'select call_sid as "callSid", end_reason as "endReason" from call_records where state = 4',
      );
      expect(ends).toHaveLength(Object.values(ended).flat().length);
      for (const { callSid, endReason } of ends) {
        if (!ended.canceled.includes(callSid))
          expect({ callSid, endReason }).toEqual({ callSid, endReason: 'completed' });
      }
      for (const callSid of Object.values(ended).flat()) {
        const changes = ended.canceled.includes(callSid) ? expect.any(Array) : [1, 2, 3, 4];
        // An attempt that a stop interrupts is made again after 3 s, then after 7 s and 20 s.
        await waitFor(
          `the delivery of ${callSid}`,
          () => receiver.accepted(callSid).some(({ change }) => change.data.stateType === '4'),
          60_000,
        );
        expect([...new Set(receiver.accepted(callSid).map(({ change }) => change.data.number))]).toEqual(changes);
      }
      const statuses = [...(await proxy.log()).matchAll(/\] (\w+ \S+ \d{3}) /g)].map(([, line = '']) => line);
      expect(statuses.length).toBeGreaterThan(100);
      expect(statuses.filter((line) => / [45]\d\d$/.test(line))).toEqual([]);
    });
  });
}
