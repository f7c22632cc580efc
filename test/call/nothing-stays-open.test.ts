/**
 * The promise that no call outlasts its limit, over what providers may do to keep one open: at its deadline and the time to
 * give up it is over, and its caller can call again.
 */
import fc from 'fast-check';
import { GRACE_SECONDS } from '../../src/call/record/call-limits.js';
import type { HangUpOutcome, ProviderCall, ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { StatusUnavailable, type CallStatus } from '../../src/telephony/telephony-provider.js';
import { age, scriptedReplica } from '../support/scripted-replica.js';
import { never, scriptedProvider } from '../support/scripted-provider.js';
import { storeCall, tellOf, type StoredCall } from '../support/stored-call.js';
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
  'says that it is gone': async () => ({ kind: 'gone' }),
  'says that it has passed': async () => ({ kind: 'passed' }),
  takes: async () => ({ kind: 'taken' }),
  'answers with nonsense': async () => undefined as unknown as HangUpOutcome,
};

let nextEvent = 1;
const told = (callSid: string, type: ProviderEventType, eventId = `lie-${nextEvent++}`): CallStatus => ({
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
  'says for ever that it goes on': async () => ({ kind: 'known', events: [] }),
  'tells the same old news for ever': async ({ callSid }) => told(callSid, 'caller_answered', `${callSid}:caller`),
  'invents news each time': async ({ callSid }) => told(callSid, 'caller_answered'),
  'tells the end under the id of another event': async ({ callSid }) => told(callSid, 'ended', 'taken-id'),
  'tells of another call': async () => told('9'.repeat(32), 'ended'),
  'tells the end': async ({ callSid }) => told(callSid, 'ended'),
  'answers with nonsense': async () => undefined as unknown as CallStatus,
};

interface Case {
  readonly hangUp: string;
  readonly status: string;
  readonly isConfigured: boolean;
  readonly state: 1 | 2 | 3;
  /** Whether its dial was ever replied to. */
  readonly isAccepted: boolean;
  /** Seconds before the deadline; null for none. */
  readonly cancelOrdered: number | null;
  /** Seconds after the deadline of looks before the last. */
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

/** @returns the call, its deadline being now */
const openCall = async ({ state, isAccepted, cancelOrdered }: Case, provider: string): Promise<StoredCall> => {
  const call = await storeCall(service.database, { provider });
  if (isAccepted) await tellOf(service.database, call.callSid, { type: 'accepted', providerCallId: 'one' });
  if (state > 1) await tellOf(service.database, call.callSid, { type: state === 2 ? 'ringing' : 'answered' });
  await service.database.query(
    `update call_record
     set requested_at = now() - interval '1 hour', turn_at = now() - interval '1 hour', deadline_at = now(), sweep_at = now(),
       cancel_ordered_at = now() - $2 * interval '1 second'
     where call_sid = $1`,
    [call.callSid, cancelOrdered],
  );
  return call;
};

const isOpen = async ({ callSid }: StoredCall): Promise<boolean> => {
  const [row] = await service.database.query<{ isOpen: boolean }[]>(
    'select state < 4 as "isOpen" from call_record where call_sid = $1',
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
    await service.database.query('update call_record set sweep_at = now() where call_sid = $1', [call.callSid]);
    await replica.sweeper.sweep();
  }

  expect(await isOpen(call)).toBe(false);
  const again = scriptedReplica(service, [scriptedProvider()]);
  expect(await again.place(call.callerId, '2001')).not.toBe(call.callSid);
};

it('at its deadline and the time to give up, a call is over whatever its provider does', async () => {
  // An event under this id is on record: whoever tells it again is not heard.
  const { callSid } = await storeCall(service.database);
  for (let number = 1; number <= 3; number++) {
    await tellOf(service.database, callSid, { type: 'caller_answered', eventId: 'taken-id' });
  }

  await fc.assert(fc.asyncProperty(cases, play), { numRuns: RUNS, endOnFailure: true });
}, 120_000);

it('a provider that hangs on every request keeps no call open', async () => {
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
}, 60_000);
