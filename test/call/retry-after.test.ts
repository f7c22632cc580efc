/** A provider refuses a dial with Retry-After: the call waits that long, as for a dial slot. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { claimCancel } from '../../src/call/cancel/cancel-claim.js';
import { PATIENCE_MS } from '../../src/call/placement/provider-rate-limit.js';
import type { DialOutcome } from '../../src/telephony/telephony-provider.js';
import { scriptedReplica, type ScriptedReplica } from '../support/scripted-replica.js';
import { scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let first: ScriptedProvider;
let next: ScriptedProvider;
let replica: ScriptedReplica;
let callerId: string;
let nextCaller = 810_000;

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600' } });
});
afterAll(() => service.close());

const named = (name: string): ScriptedProvider => {
  const provider: ScriptedProvider = { ...scriptedProvider(), name };
  provider.dial = (request, signal) => {
    provider.dials.push(request);
    return provider.onDial(request, signal);
  };
  return provider;
};

beforeEach(() => {
  callerId = String(nextCaller++);
  first = named(`first-${callerId}`);
  next = named(`next-${callerId}`);
  replica = scriptedReplica(service, [first, next]);
});

const tooMany = (retryAfterMs?: number): DialOutcome => ({
  kind: 'refused',
  category: 'rate_limited',
  code: '429',
  text: 'too many requests',
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const accepted: DialOutcome = { kind: 'accepted', providerCallId: 'one' };
const answersWith = (...outcomes: DialOutcome[]): void => {
  first.onDial = async () => outcomes.shift() ?? accepted;
};
const record = async (callSid: string) => {
  const [row] = await service.database.query<[{ provider: string; state: number; endReason: string | null }]>(
    'select provider, state, end_reason as "endReason" from call_records where call_sid = $1',
    [callSid],
  );
  return row;
};

it('dials again after the Retry-After time', async () => {
  answersWith(tooMany(500), tooMany(500));
  const begun = Date.now();

  const callSid = await replica.place(callerId, '2000');

  // Timers may fire a little early.
  expect(Date.now() - begun).toBeGreaterThan(950);
  expect(first.dials.map((dial) => dial.callSid)).toEqual([callSid, callSid, callSid]);
  expect(next.dials).toEqual([]);
  expect(await record(callSid)).toMatchObject({ provider: first.name, state: 1 });
});

it.each([
  ['is longer than the maximum wait for a dial slot', [tooMany(60_000)]],
  ['is not given', [tooMany()]],
  ['is given repeatedly', [tooMany(2_000), tooMany(2_000)]],
])('fails over to the next provider when the Retry-After time %s', async (_, outcomes) => {
  answersWith(...outcomes);

  const callSid = await replica.place(callerId, '2000');

  expect(first.dials).toHaveLength(outcomes.length);
  expect(next.dials).toHaveLength(1);
  expect(await record(callSid)).toMatchObject({ provider: next.name, state: 1 });
});

it('does not dial again when the call is canceled during the wait, and cancels without a provider request', async () => {
  // Half of the longest wait: a machine that stalls has as long before the wait as in it.
  answersWith(tooMany(PATIENCE_MS / 2));
  const placed = replica.place(callerId, '2000');
  await waitFor('the first dial', () => first.dials.length === 1);
  const callSid = first.dials[0]!.callSid;

  // Once the call has its slot, the slot is moved far away, so that it cannot come before the cancel.
  await waitFor('the wait', async () => {
    const [moved] = await service.database.query<[unknown[], number]>(
      `update call_records set turn_at = clock_timestamp() + interval '1 hour'
       where call_sid = $1 and turn_at > clock_timestamp() and turn_at < 'infinity' returning call_sid`,
      [callSid],
    );
    return moved.length > 0;
  });
  const claim = await claimCancel(service.database, { callSid, callerId, isConditional: false, by: null });
  await service.app.nest.get(CallRecorder).applyOwn(callSid, 'canceled', { endReason: 'canceled' });

  expect(claim).toMatchObject({ claimed: true, notYetDialed: true });
  expect(await placed).toBe(callSid);
  expect(first.dials).toHaveLength(1);
  expect(next.dials).toEqual([]);
  expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
});
