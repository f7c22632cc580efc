/**
 * No call stays open past its limit, whatever its provider does. At its deadline plus the grace time it is over, and its
 * caller can call again.
 */
import fc from 'fast-check';
import { GRACE_SECONDS } from '../../src/call/record/call-limits.js';
import type { HangUpOutcome, ProviderCall, ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { StatusUnavailable, type CallStatus } from '../../src/telephony/telephony-provider.js';
import { age, scriptedReplica } from '../support/scripted-replica.js';
import { never, scriptedProvider } from '../support/scripted-provider.js';
import { storeCall, applyEvent, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const RUNS = 150;

let service: TestApp;
let nextProvider = 1;

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600' } });
});
afterAll(() => service.close());

const fails = async (): Promise<never> => {
  throw new Error('503');
};
const refusal: HangUpOutcome = { kind: 'refused', category: 'forbidden', code: '1', text: 'no' };

const HANG_UPS: Readonly<Record<string, () => Promise<HangUpOutcome>>> = {
  throws: fails,
  refuses: async () => refusal,
  'says that the call is gone': async () => ({ kind: 'gone' }),
  'says that the state has passed': async () => ({ kind: 'passed' }),
  accepts: async () => ({ kind: 'taken' }),
  'answers with nonsense': async () => undefined as unknown as HangUpOutcome,
};

let nextEvent = 1;
const reported = (callSid: string, type: ProviderEventType, eventId = `lie-${nextEvent++}`): CallStatus => ({
  kind: 'known',
  events: [
    {
      eventId,
      callSid,
      providerCallId: 'one',
      type,
      occurredAt: new Date(),
      ...(type === 'ended' && { endReason: 'completed' as const }),
    },
  ],
});

const STATUSES: Readonly<Record<string, (call: ProviderCall) => Promise<CallStatus>>> = {
  throws: fails,
  'cannot be asked': async () => {
    throw new StatusUnavailable('its id never came');
  },
  'knows no such call': async () => ({ kind: 'unknown' }),
  'always says that the call goes on': async () => ({ kind: 'known', events: [] }),
  'always repeats the same old event': async ({ callSid }) => reported(callSid, 'caller_answered', `${callSid}:caller`),
  'invents a new event each time': async ({ callSid }) => reported(callSid, 'caller_answered'),
  'reports the end under the id of another event': async ({ callSid }) => reported(callSid, 'ended', 'taken-id'),
  'reports an event of another call': async () => reported('9'.repeat(32), 'ended'),
  'reports the end': async ({ callSid }) => reported(callSid, 'ended'),
  'answers with nonsense': async () => undefined as unknown as CallStatus,
};

interface Case {
  readonly hangUp: string;
  readonly status: string;
  readonly isConfigured: boolean;
  readonly state: 1 | 2 | 3;
  /** Whether the provider replied to its dial. */
  readonly isAccepted: boolean;
  /** Seconds before the deadline; null for none. */
  readonly cancelOrdered: number | null;
  /** Sweeps before the last one; seconds after the deadline. */
  readonly looks: readonly number[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  hangUp: fc.constantFrom(...Object.keys(HANG_UPS)),
  status: fc.constantFrom(...Object.keys(STATUSES)),
  isConfigured: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  state: fc.constantFrom(1, 2, 3),
  isAccepted: fc.boolean(),
  cancelOrdered: fc.oneof(fc.constant(null), fc.constantFrom(3_600, 5, -GRACE_SECONDS)),
  looks: fc.subarray([-20, 0, 1, 60, GRACE_SECONDS - 20]),
});

/** @returns a call whose deadline is now */
const openCall = async ({ state, isAccepted, cancelOrdered }: Case, provider: string): Promise<StoredCall> => {
  const call = await storeCall(service.database, { provider });
  if (isAccepted) await applyEvent(service.database, call.callSid, { type: 'accepted', providerCallId: 'one' });
  if (state > 1) await applyEvent(service.database, call.callSid, { type: state === 2 ? 'ringing' : 'answered' });
  await service.database.query(
    `update call_records
     set requested_at = now() - interval '1 hour', turn_at = now() - interval '1 hour', deadline_at = now(), sweep_at = now(),
       cancel_ordered_at = now() - $2 * interval '1 second'
     where call_sid = $1`,
    [call.callSid, cancelOrdered],
  );
  return call;
};

const isOpen = async ({ callSid }: StoredCall): Promise<boolean> => {
  const [row] = await service.database.query<{ isOpen: boolean }[]>(
    'select state < 4 as "isOpen" from call_records where call_sid = $1',
    [callSid],
  );
  return row!.isOpen;
};

const play = async (one: Case): Promise<void> => {
  const provider = {
    ...scriptedProvider(),
    name: `liar-${nextProvider++}`,
    hangUp: HANG_UPS[one.hangUp]!,
    fetchStatus: STATUSES[one.status]!,
  };
  const call = await openCall(one, one.isConfigured ? provider.name : 'bankrupt');
  const replica = scriptedReplica(service, [provider]);
  let now = 0;
  for (const look of [...one.looks, GRACE_SECONDS]) {
    await age(service, call.callSid, look - now);
    now = look;
    await service.database.query('update call_records set sweep_at = now() where call_sid = $1', [call.callSid]);
    await replica.sweeper.sweep();
  }

  expect(await isOpen(call)).toBe(false);
  const again = scriptedReplica(service, [scriptedProvider()]);
  expect(await again.place(call.callerId, '2001')).not.toBe(call.callSid);
};

it('a call is over at its deadline plus the grace time, whatever its provider does', async () => {
  // An event with this id is already stored. So a second event with this id is dropped as a repeat.
  const { callSid } = await storeCall(service.database);
  for (let number = 1; number <= 3; number++) {
    await applyEvent(service.database, callSid, { type: 'caller_answered', eventId: 'taken-id' });
  }

  await fc.assert(fc.asyncProperty(cases, play), { numRuns: RUNS, endOnFailure: true });
});

it('a provider that never replies to any request keeps no call open', async () => {
  const provider = { ...scriptedProvider(), name: `hangs-${nextProvider++}`, hangUp: never, fetchStatus: never };
  const calls: StoredCall[] = [];
  for (const state of [1, 2, 3] as const) {
    for (const cancelOrdered of [null, 3_600]) {
      const one = { hangUp: '', status: '', isConfigured: true, state, isAccepted: true, cancelOrdered, looks: [] };
      const call = await openCall(one, provider.name);
      await age(service, call.callSid, GRACE_SECONDS + 1);
      calls.push(call);
    }
  }

  await scriptedReplica(service, [provider]).sweeper.sweep();

  expect(await Promise.all(calls.map(isOpen))).toEqual(calls.map(() => false));
});
