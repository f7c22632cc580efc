import { SimulatedCarrier, type HangUpOrder } from '../../src/telephony/simulator/simulated-carrier.js';
import type { CarrierEvent } from '../../src/telephony/simulator/call-log.js';
import type { ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { dialRequest } from '../support/simulator-call.js';

/** Fake timers at real speed: one second of the script is one second here. */
let carrier: SimulatedCarrier;
let emitted: CarrierEvent[];

beforeEach(() => {
  jest.useFakeTimers();
  emitted = [];
  carrier = new SimulatedCarrier({ speed: 1, emit: (event) => emitted.push(event), finishedCallsKept: 3 });
});
afterEach(() => {
  carrier.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const place = async (script: string): Promise<string> => {
  const { callSid, callerPhone, calleePhone } = dialRequest(script);
  await carrier.dial({ callSid, callerPhone, calleePhone });
  return callSid;
};

/** A call of script 13, just after the given event. */
const callAt = async (
  phase: Exclude<ProviderEventType, 'accepted' | 'leg_ended'> | 'nothing',
  script = '13',
): Promise<string> => {
  const callSid = await place(script);
  const seconds = { nothing: 1, caller_answered: 2.5, ringing: 4, answered: 8, ended: 60 }[phase];
  jest.advanceTimersByTime(seconds * 1000);
  expect(emitted.at(-1)?.type ?? 'nothing').toBe(phase);
  return callSid;
};

const hangUp = (order: HangUpOrder) => carrier.hangUp(order);

const entryOf = async (callSid: string) => (await carrier.callLog()).find((entry) => entry.callSid === callSid);

describe('an order to hang up', () => {
  it.each([
    ['nothing', 'canceled', { A: { cause: 16 } }],
    ['caller_answered', 'canceled', { A: { cause: 16 }, B: { cause: 16 } }],
    ['ringing', 'canceled', { A: { cause: 16 }, B: { cause: 16 } }],
    ['answered', 'completed', { A: { cause: 16 }, B: { cause: 16 } }],
  ] as const)(
    'ends a call after %s as %s, with the cause of each leg that was dialled',
    async (phase, endReason, causes) => {
      const callSid = await callAt(phase);

      expect(await hangUp({ callSid })).toBe('taken');

      expect(emitted.at(-1)).toMatchObject({ callSid, type: 'ended', endReason, detail: { by: 'order' }, causes });
      expect(await entryOf(callSid)).toMatchObject({ hangUps: 1, endedByOrder: true });
    },
  );

  it('stops the rest of the script', async () => {
    const callSid = await callAt('caller_answered', '00');

    await hangUp({ callSid });
    jest.advanceTimersByTime(60_000);

    expect((await entryOf(callSid))?.events.map(({ type }) => type)).toEqual(['caller_answered', 'ended']);
  });

  it('is answered with taken when it is repeated, and ends the call once', async () => {
    const callSid = await callAt('ringing');

    expect([await hangUp({ callSid }), await hangUp({ callSid })]).toEqual(['taken', 'taken']);

    expect(emitted.filter(({ type }) => type === 'ended')).toHaveLength(1);
    expect(await entryOf(callSid)).toMatchObject({ hangUps: 2 });
  });

  it('is answered with gone when the call has already ended', async () => {
    const callSid = await callAt('ended', '00');

    expect(await hangUp({ callSid })).toBe('gone');

    expect(await entryOf(callSid)).toMatchObject({ hangUps: 1, endedByOrder: false });
  });

  it.each(['06', '09'])('is answered with gone for script %s, which places no call', async (script) => {
    expect(await hangUp({ callSid: await place(script) })).toBe('gone');
    expect(emitted).toEqual([]);
  });

  it('is answered with gone for an unknown call', async () => {
    expect(await hangUp({ callSid: 'none' })).toBe('gone');
  });

  it('releases the events that were held back, last first', async () => {
    const callSid = await place('11');
    jest.advanceTimersByTime(8_000);
    expect(emitted).toEqual([]);

    await hangUp({ callSid });

    expect(emitted.map(({ type }) => type)).toEqual(['ended', 'answered', 'ringing', 'caller_answered']);
  });
});

describe('a hang-up on the condition “before”', () => {
  it.each([
    ['ringing', 'nothing', 'taken'],
    ['ringing', 'caller_answered', 'taken'],
    ['ringing', 'ringing', 'passed'],
    ['ringing', 'answered', 'passed'],
    ['answered', 'ringing', 'taken'],
    ['answered', 'answered', 'passed'],
  ] as const)('%s, sent after %s, is answered with %s', async (before, phase, answer) => {
    const callSid = await callAt(phase);

    expect(await hangUp({ callSid, before })).toBe(answer);

    expect(emitted.some(({ type }) => type === 'ended')).toBe(answer === 'taken');
    expect(await entryOf(callSid)).toMatchObject({ endedByOrder: answer === 'taken' });
  });

  it('answered does not end the call when it comes too late', async () => {
    const callSid = await callAt('answered', '00');

    await hangUp({ callSid, before: 'answered' });
    jest.advanceTimersByTime(60_000);

    expect(emitted.at(-1)).toMatchObject({ type: 'ended', endReason: 'completed', detail: { leg: 'B' } });
  });

  it('answered is still passed when another order has ended the talk', async () => {
    const callSid = await callAt('answered');
    await hangUp({ callSid });

    expect(await hangUp({ callSid, before: 'answered' })).toBe('passed');
  });

  it('answered is gone for a call that ended without an answer', async () => {
    const callSid = await callAt('ended', '01');

    expect(await hangUp({ callSid, before: 'answered' })).toBe('gone');
  });
});

describe('the callLog', () => {
  it.each([
    ['that have ended', '05'],
    ['that were refused', '06'],
  ])('drops the oldest calls %s, and keeps the open ones', async (_, script) => {
    const open = await place('13');
    const finished: string[] = [];
    for (let count = 0; count < 5; count++) {
      finished.push(await place(script));
      jest.advanceTimersByTime(60_000);
    }

    expect((await carrier.callLog()).map(({ callSid }) => callSid).sort()).toEqual([open, ...finished.slice(2)].sort());
    expect(await hangUp({ callSid: open })).toBe('taken');
  });

  it('returns a copy, and so does the status: later events do not change it', async () => {
    const callSid = await callAt('caller_answered', '00');
    const [status, entry] = [await carrier.statusOf(callSid), await entryOf(callSid)];

    jest.advanceTimersByTime(60_000);

    expect(status).toHaveLength(1);
    expect(entry?.events).toHaveLength(1);
  });

  it('and statuses survive JSON, so that the carrier can be another process', async () => {
    const callSid = await callAt('ended', '00');
    const everything = [await carrier.callLog(), await carrier.statusOf(callSid), await carrier.statusOf('none')];

    expect(JSON.parse(JSON.stringify(everything))).toEqual(everything);
  });
});

it('a closed carrier refuses dials as provider_down, and stops the calls in progress', async () => {
  const open = await place('00');
  carrier.close();

  const answer = await carrier.dial(dialRequest('00'));
  jest.advanceTimersByTime(60_000);

  expect(answer).toMatchObject({ kind: 'refused', category: 'provider_down' });
  expect((await entryOf(open))?.events).toEqual([]);
});
