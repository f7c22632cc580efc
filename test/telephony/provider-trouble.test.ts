/** The whole service while its provider, or the network between them, fails. */
import { FAILURES_IN_A_ROW } from '../../src/telephony/provider-circuit.js';
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };

interface Telephony {
  readonly carrier: RemoteCarrier;
  /** Between the service and the carrier. Webhooks bypass it. */
  readonly network: TcpProxy;
  readonly service: TestApp;
  close(): Promise<void>;
}

const start = async (): Promise<Telephony> => {
  const carrier = await startRemoteCarrier({ speed: 15 });
  const network = await startTcpProxy(carrier.port);
  const service = await startTestApp({
    environment: {
      SIMULATOR_URL: `http://127.0.0.1:${network.port}`,
      SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
      DIAL_TIMEOUT: '0.7',
      SWEEP_EVERY: '3600',
    },
  });
  carrier.targets.push(`${service.url}/v1/webhooks/simulator`);
  return {
    carrier,
    network,
    service,
    async close() {
      await service.close();
      await network.close();
      await carrier.close();
    },
  };
};

let carrier: RemoteCarrier;
let network: TcpProxy;
let service: TestApp;
let nextCaller = 1004;

/** A new caller for each call. */
const caller = (): string => String(nextCaller++);

interface Row {
  readonly callSid: string;
  readonly state: number;
  readonly endReason: string | null;
}

const callOf = async (userId: string): Promise<Row> => {
  const [row] = await service.database.query<Row[]>(
    `select call_sid as "callSid", state, end_reason as "endReason" from call_records where caller_id = $1
     order by call_sid desc limit 1`,
    [userId],
  );
  return row!;
};
const ended = (userId: string) =>
  waitFor('the end of the call', async () => {
    const call = await callOf(userId);
    return call.state === 4 && call;
  });

/** Makes the sweeper check every open call now, instead of after some time. */
const sweep = async (): Promise<void> => {
  await service.database.query(
    `update call_records set sweep_at = now(), turn_at = now() - interval '20 seconds' where state < 4`,
  );
  await service.app.nest.get(Sweeper, { strict: false }).sweep();
};

const newCallers = () => Array.from({ length: FAILURES_IN_A_ROW }, caller);
const failToDial = () => Promise.all(newCallers().map((userId) => service.ask(userId, 'call/2009')));

describe('while the provider is up,', () => {
  let telephony: Telephony;

  beforeAll(async () => {
    telephony = await start();
    ({ carrier, network, service } = telephony);
    nextCaller = 1004;
  });
  afterEach(() => {
    network.mode = 'pass';
  });
  afterAll(() => telephony.close());

  it('a dial goes over HTTP, and webhooks bring the call to its end', async () => {
    const userId = caller();

    const { data } = await service.ask(userId, 'call/2000');

    expect(await ended(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial without a reply in time is answered with its callSid, and webhooks settle the call', async () => {
    const userId = caller();

    const { data } = await service.ask(userId, 'call/2008');

    expect(await ended(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a reply that arrives after our time-out does no harm', async () => {
    const userId = caller();
    network.mode = 'hold replies';
    const { data } = await service.ask(userId, 'call/2000');

    network.mode = 'pass';

    expect(await ended(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial that arrives at the provider after our time-out places one call, and its record is settled', async () => {
    const userId = caller();
    network.mode = 'silence';
    const { data } = await service.ask(userId, 'call/2000');
    expect(await callOf(userId)).toMatchObject({ callSid: data?.callSid, state: 1 });

    network.mode = 'pass';

    expect(await ended(userId)).toMatchObject({ endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial that was lost in the network is closed by the sweeper as never placed', async () => {
    const userId = caller();
    network.mode = 'silence';
    const { data } = await service.ask(userId, 'call/2000');
    network.mode = 'cut';
    network.mode = 'pass';

    await sweep();

    expect(await callOf(userId)).toMatchObject({ callSid: data?.callSid, state: 4, endReason: 'failed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toBeUndefined();
  });

  it('a dial whose connection is cut after the call was placed returns an error, and webhooks settle the call', async () => {
    const userId = caller();
    network.mode = 'hold replies';
    const response = service.ask(userId, 'call/2000');
    const { callSid } = await waitFor('the record', () => callOf(userId));
    await waitFor('the call', () => carrier.entryOf(callSid));
    network.mode = 'cut';

    expect(await response).toEqual(SYSTEM);

    expect(await ended(userId)).toMatchObject({ endReason: 'completed' });
    expect(await carrier.entryOf(callSid)).toMatchObject({ dials: 1 });
  });

  it('a dial that fails returns an error, and the sweeper closes its record', async () => {
    const userId = caller();
    expect(await service.ask(userId, 'call/2009')).toEqual(SYSTEM);
    expect(await callOf(userId)).toMatchObject({ state: 1 });

    await sweep();

    expect(await callOf(userId)).toMatchObject({ state: 4, endReason: 'failed' });
  });

  it('a cancel that the provider does not confirm fails, and can be repeated', async () => {
    const userId = caller();
    const { data } = await service.ask(userId, 'call/2013');
    const cancel = `callCancel/${data?.callSid ?? ''}`;
    network.mode = 'cut';
    expect(await service.ask(userId, cancel)).toEqual(SYSTEM);

    network.mode = 'pass';

    expect((await service.ask(userId, cancel)).returnCode).toBe(200);
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ endedByOrder: true });
  });
});

describe('a provider', () => {
  let telephony: Telephony;

  beforeEach(async () => {
    telephony = await start();
    ({ carrier, network, service } = telephony);
    nextCaller = 1004;
  });
  afterEach(() => telephony.close());

  it('that cannot be reached is an error to callers, and no record is left open', async () => {
    const userId = caller();
    await network.close();

    expect(await service.ask(userId, 'call/2000')).toEqual(SYSTEM);

    expect(await callOf(userId)).toMatchObject({ state: 4, endReason: 'failed' });
  });

  it('that has failed ten times in a row gets no dial: callers get an error at once, and no record is left open', async () => {
    await failToDial();

    for (const path of ['call/2000', 'callService']) {
      const userId = caller();
      expect(await service.ask(userId, path)).toEqual(SYSTEM);
      const { callSid, ...call } = await callOf(userId);
      expect(call).toEqual({ state: 4, endReason: 'failed' });
      expect(await carrier.entryOf(callSid)).toBeUndefined();
    }
  });

  it('that has failed ten times in a row is tried again after a while, and then carries calls as before', async () => {
    await failToDial();
    const userId = caller();

    await waitFor('a call to be placed', async () => (await service.ask(userId, 'call/2000')).returnCode === 200);

    expect(await ended(userId)).toMatchObject({ endReason: 'completed' });
    expect((await service.ask(caller(), 'call/2000')).returnCode).toBe(200);
  });

  it('that does not reply makes ten callers wait, and none after them', async () => {
    network.mode = 'silence';
    const first = await Promise.all(newCallers().map((userId) => service.ask(userId, 'call/2000')));
    expect(first.map(({ returnCode }) => returnCode)).toEqual(first.map(() => 200));

    expect(await service.ask(caller(), 'call/2000')).toEqual(SYSTEM);
  });

  it('is up in readiness while its circuit is open, and degraded with status 200 when the network fails', async () => {
    await failToDial();
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);

    network.mode = 'cut';

    // Its last answer is cached for five seconds.
    await waitFor(
      'the degraded provider',
      async () => {
        const response = await fetch(`${service.url}/health/ready`);
        expect(response.status).toBe(200);
        return ((await response.json()) as { checks: Record<string, string> }).checks.simulator === 'degraded';
      },
      20_000,
    );
  });
});
