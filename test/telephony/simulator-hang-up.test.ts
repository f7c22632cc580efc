import { SimulatedCarrier, type HangUpOrder } from '../../src/telephony/simulator/simulated-carrier.js';
import type { CarrierEvent } from '../../src/telephony/simulator/call-log.js';
import type { ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { dialRequest } from '../support/simulator-call.js';

/** Fake time, lifelike speed: a second of the script is a second here. */
let carrier: SimulatedCarrier;
let told: CarrierEvent[];

beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  carrier = new SimulatedCarrier({ speed: 1, emit: (event) => told.push(event), finishedCallsKept: 3 });
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

/** A call of script 13, in which the given thing is the last that has happened. */
const callAt = async (phase: Exclude<ProviderEventType, 'accepted'> | 'nothing', script = '13'): Promise<string> => {
  const callSid = await place(script);
  const seconds = { nothing: 1, caller_answered: 2.5, ringing: 4, answered: 8, ended: 60 }[phase];
  jest.advanceTimersByTime(seconds * 1000);
  expect(told.at(-1)?.type ?? 'nothing').toBe(phase);
  return callSid;
};

const hangUp = (order: HangUpOrder) => carrier.hangUp(order);

const entryOf = async (callSid: string) => (await carrier.callLog()).find((entry) => entry.callSid === callSid);

describe('an order to hang up', () => {
  it.each([
    ['nothing', 'canceled'],
    ['caller_answered', 'canceled'],
    ['ringing', 'canceled'],
    ['answered', 'completed'],
  ] as const)('ends a call at which %s has happened as %s', async (phase, endReason) => {
    const callSid = await callAt(phase);

    expect(await hangUp({ callSid })).toBe('taken');

    expect(told.at(-1)).toMatchObject({ callSid, type: 'ended', endReason, detail: { by: 'order' } });
    expect(await entryOf(callSid)).toMatchObject({ hangUps: 1, endedByOrder: true });
  });

  it('lets nothing happen to the call afterwards', async () => {
    const callSid = await callAt('caller_answered', '00');

    await hangUp({ callSid });
    jest.advanceTimersByTime(60_000);

    expect((await entryOf(callSid))?.events.map(({ type }) => type)).toEqual(['caller_answered', 'ended']);
  });

  it('is taken again when it is repeated, and ends the call once', async () => {
    const callSid = await callAt('ringing');

    expect([await hangUp({ callSid }), await hangUp({ callSid })]).toEqual(['taken', 'taken']);

    expect(told.filter(({ type }) => type === 'ended')).toHaveLength(1);
    expect(await entryOf(callSid)).toMatchObject({ hangUps: 2 });
  });

  it('finds a call gone that was over by itself', async () => {
    const callSid = await callAt('ended', '00');

    expect(await hangUp({ callSid })).toBe('gone');

    expect(await entryOf(callSid)).toMatchObject({ hangUps: 1, endedByOrder: false });
  });

  it.each(['06', '09'])('finds a call gone that was never placed, as with script %s', async (script) => {
    expect(await hangUp({ callSid: await place(script) })).toBe('gone');
    expect(told).toEqual([]);
  });

  it('finds a call gone that nobody has heard of', async () => {
    expect(await hangUp({ callSid: 'none' })).toBe('gone');
  });

  it('of a call whose events are held back lets them all go, last first', async () => {
    const callSid = await place('11');
    jest.advanceTimersByTime(8_000);
    expect(told).toEqual([]);

    await hangUp({ callSid });

    expect(told.map(({ type }) => type)).toEqual(['ended', 'answered', 'ringing', 'caller_answered']);
  });
});

describe('an order that holds only before', () => {
  it.each([
    ['ringing', 'nothing', 'taken'],
    ['ringing', 'caller_answered', 'taken'],
    ['ringing', 'ringing', 'passed'],
    ['ringing', 'answered', 'passed'],
    ['answered', 'ringing', 'taken'],
    ['answered', 'answered', 'passed'],
  ] as const)('%s, when %s has happened, is %s', async (before, phase, answer) => {
    const callSid = await callAt(phase);

    expect(await hangUp({ callSid, before })).toBe(answer);

    expect(told.some(({ type }) => type === 'ended')).toBe(answer === 'taken');
    expect(await entryOf(callSid)).toMatchObject({ endedByOrder: answer === 'taken' });
  });

  it('answered leaves the call to go on when it comes too late', async () => {
    const callSid = await callAt('answered', '00');

    await hangUp({ callSid, before: 'answered' });
    jest.advanceTimersByTime(60_000);

    expect(told.at(-1)).toMatchObject({ type: 'ended', endReason: 'completed', detail: { leg: 'B' } });
  });

  it('answered is not won by another order that ended the talk', async () => {
    const callSid = await callAt('answered');
    await hangUp({ callSid });

    expect(await hangUp({ callSid, before: 'answered' })).toBe('passed');
  });

  it('answered is gone for a call that was over without an answer', async () => {
    const callSid = await callAt('ended', '01');

    expect(await hangUp({ callSid, before: 'answered' })).toBe('gone');
  });
});

describe('the callLog', () => {
  it.each([
    ['that came to their end', '05'],
    ['that were refused', '06'],
  ])('forgets the oldest calls %s, but no open one', async (_, script) => {
    const open = await place('13');
    const finished: string[] = [];
    for (let count = 0; count < 5; count++) {
      finished.push(await place(script));
      jest.advanceTimersByTime(60_000);
    }

    expect((await carrier.callLog()).map(({ callSid }) => callSid).sort()).toEqual([open, ...finished.slice(2)].sort());
    expect(await hangUp({ callSid: open })).toBe('taken');
  });

  it('and a status are copies that do not change under the reader', async () => {
    const callSid = await callAt('caller_answered', '00');
    const [status, entry] = [await carrier.statusOf(callSid), await entryOf(callSid)];

    jest.advanceTimersByTime(60_000);

    expect(status).toHaveLength(1);
    expect(entry?.events).toHaveLength(1);
  });

  it('orders and answers survive JSON, so that the carrier can be another process', async () => {
    const callSid = await callAt('ended', '00');
    const everything = [await carrier.callLog(), await carrier.statusOf(callSid), await carrier.statusOf('none')];

    expect(JSON.parse(JSON.stringify(everything))).toEqual(everything);
  });
});

it('a closed carrier takes no call and says so', async () => {
  const open = await place('00');
  carrier.close();

  const answer = await carrier.dial(dialRequest('00'));
  jest.advanceTimersByTime(60_000);

  expect(answer).toMatchObject({ kind: 'refused', category: 'provider_down' });
  expect((await entryOf(open))?.events).toEqual([]);
});
