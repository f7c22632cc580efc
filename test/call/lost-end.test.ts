/** The webhook with a call's end is lost, and its caller places a new call. Tested on the whole service, over HTTP. */
import { startBlackHole, type BlackHole } from '../support/black-hole.js';
import { endAtProvider } from '../support/end-at-provider.js';
import { placeCall } from '../support/placed-call.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { age } from '../support/scripted-replica.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const BUSY = { returnCode: 429, returnMsg: '您有正在进行的通话,请稍后再试!' };

let carrier: RemoteCarrier;
let network: TcpProxy;
let blackHole: BlackHole;
let service: TestApp;
let webhooks: string;

beforeAll(async () => {
  carrier = await startRemoteCarrier({ speed: 20 });
  network = await startTcpProxy(carrier.port);
  blackHole = await startBlackHole();
  service = await startTestApp({
    environment: {
      SIMULATOR_URL: `http://127.0.0.1:${network.port}`,
      SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
      SWEEP_EVERY: '3600',
      DIAL_TIMEOUT: '2',
    },
  });
  webhooks = `${service.url}/v1/webhooks/simulator`;
});
beforeEach(() => {
  network.mode = 'pass';
  carrier.targets.splice(0, Infinity, webhooks);
});
afterAll(async () => {
  await service.close();
  await network.close();
  await carrier.close();
  await blackHole.close();
});

/** Each case has a caller of its own. */
let nextCaller = 1004;
const caller = (): string => String(nextCaller++);

const call = (userId: string, targetId: string): Promise<string> => placeCall(service, userId, targetId);
const record = async (callSid: string) => {
  const [row] = await service.database.query<{ state: number; endReason: string | null; endedBy: string | null }[]>(
    'select state, end_reason as "endReason", ended_by as "endedBy" from call_records where call_sid = $1',
    [callSid],
  );
  return row!;
};
const untilState = (callSid: string, state: number) =>
  waitFor(`state ${state}`, async () => (await record(callSid)).state === state);

/** A call whose end is not reported to the service. @returns its callSid */
const callWithLostEnd = async (userId: string): Promise<string> => {
  const callSid = await call(userId, '2013');
  await untilState(callSid, 3);
  carrier.targets.splice(0, Infinity, blackHole.url);
  await endAtProvider(carrier, callSid);
  carrier.targets.splice(0, Infinity, webhooks);
  expect(await record(callSid)).toMatchObject({ state: 3 });
  return callSid;
};

it.each([
  ['another target', '2012'],
  ['the same target', '2013'],
])('a caller who calls %s gets a new call, and the old record gets its real end', async (_, target) => {
  const userId = caller();
  const lost = await callWithLostEnd(userId);

  const placed = await call(userId, target);

  expect(placed).not.toBe(lost);
  expect(await record(lost)).toEqual({ state: 4, endReason: 'completed', endedBy: 'provider' });
  expect(await carrier.entryOf(placed)).toMatchObject({ dials: 1 });
});

it('concurrent requests of one caller place one new call', async () => {
  const userId = caller();
  const lost = await callWithLostEnd(userId);

  const placed = new Set(await Promise.all(Array.from({ length: 12 }, () => call(userId, '2013'))));

  expect(placed.size).toBe(1);
  expect(placed).not.toContain(lost);
  expect(await carrier.entryOf([...placed][0]!)).toMatchObject({ dials: 1 });
});

it('a request for the same target returns the open call, and another target is refused', async () => {
  const userId = caller();
  const callSid = await call(userId, '2013');
  await untilState(callSid, 3);

  expect(await call(userId, '2013')).toBe(callSid);
  expect(await service.ask(userId, 'call/2012')).toEqual(BUSY);

  expect(await record(callSid)).toMatchObject({ state: 3 });
  expect(await carrier.entryOf(callSid)).toMatchObject({ dials: 1 });
});

it.each(['silence', 'cut'] as const)(
  'the open call is kept while the provider’s network is in mode "%s"',
  async (mode) => {
    const userId = caller();
    const callSid = await call(userId, '2013');
    await untilState(callSid, 3);
    network.mode = mode;

    expect(await call(userId, '2013')).toBe(callSid);
    await age(service, callSid, 10);
    expect(await service.ask(userId, 'call/2012')).toEqual(BUSY);

    expect(await record(callSid)).toMatchObject({ state: 3 });
  },
);
