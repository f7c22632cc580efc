/** Any replica answers any request for any call, and a caller has one call however many replicas get the request. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { placeCall } from '../support/placed-call.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { ELSEWHERE, storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let database: TestDatabase;
let carrier: RemoteCarrier;
let one: TestApp;
let other: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  // Slow enough that no call ends while its caller's requests are in flight.
  carrier = await startRemoteCarrier({ speed: 5 });
  const environment = {
    SIMULATOR_URL: `http://127.0.0.1:${carrier.port}`,
    SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
  };
  one = await startTestApp({ databaseUrl: database.url, environment });
  other = await startTestApp({ databaseUrl: database.url, environment });
  carrier.targets.push(`${one.url}/v1/webhooks/simulator`, `${other.url}/v1/webhooks/simulator`);
});
afterAll(async () => {
  await one.close();
  await other.close();
  await carrier.close();
  await database.drop();
});

/** Dials to the carrier for one caller's phone. */
const dialsOf = async (userId: string): Promise<number> => {
  const callLog = await carrier.callLog();
  return callLog.filter(({ callerPhone }) => callerPhone.endsWith(userId)).reduce((sum, { dials }) => sum + dials, 0);
};

it('sixty concurrent requests for one target, on two replicas, place one call and dial once', async () => {
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? one : other).ask('1004', 'call/2013')),
  );

  expect(new Set(replies.map(({ returnCode }) => returnCode))).toEqual(new Set([200]));
  expect(new Set(replies.map(({ data }) => data?.callSid)).size).toBe(1);
  expect(await dialsOf('1004')).toBe(1);
});

it('concurrent requests for different targets place one call, and the others get 429', async () => {
  const targets = ['2000', '2010', '2011', '2012', '2013'];

  const replies = await Promise.all(
    [...targets, ...targets].map((target, index) =>
      (index < targets.length ? one : other).ask('1005', `call/${target}`),
    ),
  );

  const placed = replies.filter(({ returnCode }) => returnCode === 200);
  expect(new Set(placed.map(({ data }) => data?.callSid)).size).toBe(1);
  expect(replies.filter(({ returnCode }) => returnCode === 429).length).toBe(replies.length - placed.length);
  expect(await dialsOf('1005')).toBe(1);
});

it('the replica that did not place a call can cancel it, and both replicas show that it is over', async () => {
  const callSid = await placeCall(one, '1006', '2013');
  await waitFor('the answer', async () => (await one.ask('1006', `callState/${callSid}`)).data?.stateType === '3');

  expect((await other.ask('1006', `callCancel/${callSid}`)).returnCode).toBe(200);

  expect((await other.ask('1006', `callState/${callSid}`)).data).toEqual({ stateType: '4' });
  await waitFor(
    'the end on the other replica',
    async () => (await one.ask('1006', `callState/${callSid}`)).data?.stateType === '4',
  );
});

it('the replica that stores a change shows it at once, and the other shows it soon', async () => {
  const { callSid, callerId } = await storeCall(one.database);
  const stateAt = async (replica: TestApp) => (await replica.ask(callerId, `callState/${callSid}`)).data?.stateType;
  const changes = ['ringing', 'caller_answered', 'answered', 'ended'] as const;
  const states: Record<(typeof changes)[number], string> = {
    ringing: '2',
    caller_answered: '2',
    answered: '3',
    ended: '4',
  };
  for (const type of changes) {
    // Both cache the state.
    await Promise.all([stateAt(one), stateAt(other)]);
    const event = { eventId: `${callSid}:${type}`, callSid, providerCallId: null, occurredAt: new Date() };
    await one.app.nest
      .get(CallRecorder)
      .apply(ELSEWHERE, { ...event, type, ...(type === 'ended' && { endReason: 'completed' }) });

    expect(await stateAt(one)).toBe(states[type]);
    await waitFor('the change on the other replica', async () => (await stateAt(other)) === states[type]);
  }
});

it('many concurrent cancels on two replicas send one hang-up', async () => {
  const callSid = await placeCall(one, '1007', '2013');

  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).ask('1007', `callCancel/${callSid}`)),
  );

  expect((await carrier.entryOf(callSid))?.hangUps).toBe(1);
  // A cancel that arrives after the first one was carried out finds the call over.
  expect(replies.filter(({ returnCode }) => returnCode === 200).length).toBeGreaterThan(0);
  expect(new Set(replies.map(({ returnMsg }) => returnMsg))).toEqual(
    replies.every(({ returnCode }) => returnCode === 200)
      ? new Set(['success'])
      : new Set(['success', '取消呼叫失败!']),
  );
});
