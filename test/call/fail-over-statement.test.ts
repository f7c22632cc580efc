/** The statement that moves a refused call to the next provider: when it moves the call, and when it does not. */
import { claimCancel } from '../../src/call/cancel/cancel-claim.js';
import { failOver, type PassingOver } from '../../src/call/placement/fail-over.js';
import { storeCall, applyEvent, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const passing = (callSid: string, changes: Partial<PassingOver> = {}): PassingOver => ({
  callSid,
  from: 'simulator',
  refusal: { category: 'no_funds', code: '1', text: 'none left' },
  to: 'twilio',
  subAccount: 'AC1',
  waitsForDialSlot: false,
  dialTimeoutSeconds: 5,
  noAccountAt: [],
  ...changes,
});
const recorded = async (callSid: string): Promise<unknown> => {
  const [call] = await service.database.query<unknown[]>(
    `select provider, sub_account as "subAccount",
       (select count(*)::int from call_events where call_sid = $1 and type = 'passed_over') as "passedOver"
     from call_records where call_sid = $1`,
    [callSid],
  );
  return call;
};

const STAYED = { provider: 'simulator', subAccount: 'demo-1001', passedOver: 0 };

it('moves a call without events once, when three fail-overs run concurrently', async () => {
  const { callSid } = await storeCall(service.database, { provider: 'simulator' });

  const moves = await Promise.all([1, 2, 3].map(() => failOver(service.database, passing(callSid))));

  expect(moves.toSorted()).toEqual([false, false, true]);
  expect(await recorded(callSid)).toEqual({ provider: 'twilio', subAccount: 'AC1', passedOver: 1 });
});

it('moves a call again from the second provider of a route to the third', async () => {
  const { callSid } = await storeCall(service.database, { provider: 'simulator' });

  expect(await failOver(service.database, passing(callSid))).toBe(true);
  expect(await failOver(service.database, passing(callSid, { from: 'twilio', to: 'asterisk' }))).toBe(true);

  expect(await recorded(callSid)).toMatchObject({ provider: 'asterisk', passedOver: 2 });
});

it.each<[string, (call: StoredCall) => Promise<unknown>]>([
  ['rings', ({ callSid }) => applyEvent(service.database, callSid, { type: 'ringing' })],
  ['is over', ({ callSid }) => applyEvent(service.database, callSid, { type: 'ended', endReason: 'busy' })],
  [
    'has a provider call id',
    ({ callSid }) => applyEvent(service.database, callSid, { type: 'accepted', providerCallId: 'one' }),
  ],
  ['is being hung up', (call) => claimCancel(service.database, { ...call, isConditional: false, by: null })],
])('does not move a call that %s', async (_, happens) => {
  const call = await storeCall(service.database, { provider: 'simulator' });
  await happens(call);

  expect(await failOver(service.database, passing(call.callSid))).toBe(false);

  expect(await recorded(call.callSid)).toEqual(STAYED);
});
