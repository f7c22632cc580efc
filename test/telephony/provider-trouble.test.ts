/** The whole service while its provider, or the network between them, is in trouble. */
import { FAILURES_IN_A_ROW } from '../../src/telephony/provider-circuit.js';
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };

interface Telephony {
  readonly carrier: RemoteCarrier;
  /** Between the service and the carrier; webhooks go past it. */
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

/** A fresh caller for each call. */
const caller = (): string => String(nextCaller++);

interface Row {
  readonly callSid: string;
  readonly state: number;
  readonly endReason: string | null;
}

const callOf = async (userId: string): Promise<Row> => {
  const [row] = await service.database.query<Row[]>(
    `select call_sid as "callSid", state, end_reason as "endReason" from call_record where caller_id = $1
     order by call_sid desc limit 1`,
    [userId],
  );
  return row!;
};
const over = (userId: string) =>
  waitFor('the end of the call', async () => {
    const call = await callOf(userId);
    return call.state === 4 && call;
  });

/** Has the sweeper look at everything that is open, as it would after some time. */
const sweep = async (): Promise<void> => {
  await service.database.query(
    `update call_record set sweep_at = now(), turn_at = now() - interval '20 seconds' where state < 4`,
  );
  await service.app.nest.get(Sweeper, { strict: false }).sweep();
};

const callersFailing = () => Array.from({ length: FAILURES_IN_A_ROW }, caller);
const failToDial = () => Promise.all(callersFailing().map((userId) => service.ask(userId, 'call/2009')));

describe('while the provider is well on the whole,', () => {
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

  it('a dial goes over HTTP, and the call comes to its end by webhooks', async () => {
    const userId = caller();

    const { data } = await service.ask(userId, 'call/2000');

    expect(await over(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial that is not replied to in time is answered with its callSid, and settles by webhooks', async () => {
    const userId = caller();

    const { data } = await service.ask(userId, 'call/2008');

    expect(await over(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a reply that comes after our time-out changes nothing for the worse', async () => {
    const userId = caller();
    network.mode = 'hold replies';
    const { data } = await service.ask(userId, 'call/2000');

    network.mode = 'pass';

    expect(await over(userId)).toMatchObject({ callSid: data?.callSid, endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial that itself arrives after our time-out places one call, whose record settles', async () => {
    const userId = caller();
    network.mode = 'silence';
    const { data } = await service.ask(userId, 'call/2000');
    expect(await callOf(userId)).toMatchObject({ callSid: data?.callSid, state: 1 });

    network.mode = 'pass';

    expect(await over(userId)).toMatchObject({ endReason: 'completed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toMatchObject({ dials: 1 });
  });

  it('a dial that the network has swallowed is found by the sweeper never to have been placed', async () => {
    const userId = caller();
    network.mode = 'silence';
    const { data } = await service.ask(userId, 'call/2000');
    network.mode = 'cut';
    network.mode = 'pass';

    await sweep();

    expect(await callOf(userId)).toMatchObject({ callSid: data?.callSid, state: 4, endReason: 'failed' });
    expect(await carrier.entryOf(data?.callSid ?? '')).toBeUndefined();
  });

  it('a dial whose connection is cut after it was placed is an error, and the call settles by webhooks', async () => {
    const userId = caller();
    network.mode = 'hold replies';
    const asked = service.ask(userId, 'call/2000');
    const { callSid } = await waitFor('the record', () => callOf(userId));
    await waitFor('the call', () => carrier.entryOf(callSid));
    network.mode = 'cut';

    expect(await asked).toEqual(SYSTEM);

    expect(await over(userId)).toMatchObject({ endReason: 'completed' });
    expect(await carrier.entryOf(callSid)).toMatchObject({ dials: 1 });
  });

  it('a dial that fails is an error, and the sweeper closes its record', async () => {
    const userId = caller();
    expect(await service.ask(userId, 'call/2009')).toEqual(SYSTEM);
    expect(await callOf(userId)).toMatchObject({ state: 1 });

    await sweep();

    expect(await callOf(userId)).toMatchObject({ state: 4, endReason: 'failed' });
  });

  it('a cancel that it does not confirm fails, and may be ordered again', async () => {
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

  it('that is not there is an error to callers, and no record is left open', async () => {
    const userId = caller();
    await network.close();

    expect(await service.ask(userId, 'call/2000')).toEqual(SYSTEM);

    expect(await callOf(userId)).toMatchObject({ state: 4, endReason: 'failed' });
  });

  it('that has failed ten times in a row is not asked: callers hear of it at once, and no record is left open', async () => {
    await failToDial();

    for (const path of ['call/2000', 'callService']) {
      const userId = caller();
      expect(await service.ask(userId, path)).toEqual(SYSTEM);
      const { callSid, ...call } = await callOf(userId);
      expect(call).toEqual({ state: 4, endReason: 'failed' });
      expect(await carrier.entryOf(callSid)).toBeUndefined();
    }
  });

  it('that has failed ten times in a row is tried again after a while, and carries calls as before', async () => {
    await failToDial();
    const userId = caller();

    await waitFor('a call to be placed', async () => (await service.ask(userId, 'call/2000')).returnCode === 200);

    expect(await over(userId)).toMatchObject({ endReason: 'completed' });
    expect((await service.ask(caller(), 'call/2000')).returnCode).toBe(200);
  });

  it('that falls silent is waited for by ten callers, and by none after them', async () => {
    network.mode = 'silence';
    const first = await Promise.all(callersFailing().map((userId) => service.ask(userId, 'call/2000')));
    expect(first.map(({ returnCode }) => returnCode)).toEqual(first.map(() => 200));

    expect(await service.ask(caller(), 'call/2000')).toEqual(SYSTEM);
  });

  it('is up in readiness as long as the network is, though it is left alone, and degraded with 200 without it', async () => {
    await failToDial();
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);

    network.mode = 'cut';

    // What it answered is cached for five seconds.
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
