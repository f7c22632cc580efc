/** When an open call is checked with its provider, how often, and what its caller is answered: two replicas, one database. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CHECK_AGAIN_SECONDS,
  UNPLACED_DIAL_SECONDS,
  UNSETTLED_DIAL_SECONDS,
} from '../../src/call/record/call-limits.js';
import { StatusUnavailable, type CallStatus, type ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { age, dialledNow, scriptedReplica, type ScriptedReplica } from '../support/scripted-replica.js';
import { never, scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { tellOf } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const DIAL_TIMEOUT = 1;
/** The dial has been settled for long. */
const LATER = DIAL_TIMEOUT + UNSETTLED_DIAL_SECONDS + 5;

let service: TestApp;
let provider: ScriptedProvider;
let one: ScriptedReplica;
let other: ScriptedReplica;
let asks: number;
/** Of a request that is not answered: ends it, so that no timer outlives the test. */
let letGo: (() => void) | undefined;
let callerId: string;
let nextCaller = 800_000;

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600', DIAL_TIMEOUT: String(DIAL_TIMEOUT) } });
});
beforeEach(() => {
  // A provider, a caller and two replicas for each case: they share nothing but the database.
  callerId = String(nextCaller++);
  provider = { ...scriptedProvider(), name: `scripted-${callerId}` };
  provider.dial = (request, signal) => {
    provider.dials.push(request);
    return provider.onDial(request, signal);
  };
  asks = 0;
  provider.fetchStatus = (call) => {
    asks++;
    return provider.onFetchStatus(call);
  };
  one = scriptedReplica(service, [provider]);
  other = scriptedReplica(service, [provider]);
});
afterEach(() => {
  letGo?.();
  letGo = undefined;
});
afterAll(() => service.close());

const TARGET = '2001';
const OTHER_TARGET = '2002';

const knows = (callSid: string, ...types: ProviderEventType[]): CallStatus => ({
  kind: 'known',
  events: types.map((type) => ({
    eventId: `${callSid}:${type}`,
    callSid,
    providerCallId: 'one',
    type,
    occurredAt: new Date(),
    ...(type === 'ended' && { endReason: 'completed' as const }),
  })),
});
const GOES_ON: CallStatus = { kind: 'known', events: [] };
const answers = (status: CallStatus): void => {
  provider.onFetchStatus = async () => status;
};
const record = async (callSid: string) => {
  const [row] = await service.database.query<{ state: number; endReason: string | null }[]>(
    'select state, end_reason as "endReason" from call_record where call_sid = $1',
    [callSid],
  );
  return row!;
};

describe('an open call of the caller', () => {
  it('is closed, and a new one placed, where the provider says that it has ended', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    answers(knows(old, 'answered', 'ended'));

    const placed = await one.place(callerId, OTHER_TARGET);

    expect(placed).not.toBe(old);
    expect(await record(old)).toEqual({ state: 4, endReason: 'completed' });
    expect(await record(placed)).toMatchObject({ state: 1 });
    expect(provider.dials.map(({ callSid }) => callSid)).toEqual([old, placed]);
  });

  it('is closed as lost where the provider has no such call any more', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    answers({ kind: 'unknown' });

    expect(await one.place(callerId, TARGET)).not.toBe(old);

    expect(await record(old)).toEqual({ state: 4, endReason: 'lost' });
  });

  it.each<[string, () => void]>([
    ['goes on', () => answers(GOES_ON)],
    ['cannot be asked about', () => (provider.onFetchStatus = () => Promise.reject(new StatusUnavailable('never')))],
    ['fails', () => (provider.onFetchStatus = () => Promise.reject(new Error('503')))],
    ['does not answer', () => (provider.onFetchStatus = () => new Promise((_, reject) => (letGo = reject)))],
  ])('stays the caller’s call where the provider says that it, or it %s', async (_, script) => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    script();

    expect(await one.place(callerId, TARGET)).toBe(old);
    await expect(one.place(callerId, OTHER_TARGET)).rejects.toMatchObject({ code: 'ALREADY_IN_A_CALL' });

    expect(await record(old)).toMatchObject({ state: 1 });
    expect(provider.dials).toHaveLength(1);
    expect(asks).toBeGreaterThan(0);
  });
});

describe('a double tap', () => {
  it('while the dial is in flight returns the running call and asks nothing', async () => {
    let reply: (() => void) | undefined;
    provider.onDial = () =>
      new Promise((resolve) => {
        reply = () => {
          resolve({ kind: 'accepted', providerCallId: 'one' });
        };
      });
    const first = one.place(callerId, TARGET);
    await waitFor('the dial', () => provider.dials.length === 1);

    const second = await other.place(callerId, TARGET);
    reply?.();

    expect(second).toBe(await first);
    expect(provider.dials).toHaveLength(1);
    expect(asks).toBe(0);
  });

  it('when the dial was settled moments ago returns the running call and asks nothing', async () => {
    const first = await one.place(callerId, TARGET);
    // However slow the machine is, these are the moments.
    await age(service, first, -60);

    expect(await one.place(callerId, TARGET)).toBe(first);
    expect(await other.place(callerId, TARGET)).toBe(first);

    expect(provider.dials).toHaveLength(1);
    expect(asks).toBe(0);
  });

  it('some seconds later does not close a call that the provider does not find yet', async () => {
    const first = await one.place(callerId, TARGET);
    await age(service, first, UNSETTLED_DIAL_SECONDS - 10);

    expect(await one.place(callerId, TARGET)).toBe(first);

    expect(asks).toBe(1);
    expect(provider.dials).toHaveLength(1);
    expect(await record(first)).toMatchObject({ state: 1 });
  });

  it('of a call whose dial was never settled closes it where the provider knows its end', async () => {
    provider.onDial = never;
    const first = await one.place(callerId, TARGET);
    provider.onDial = async () => ({ kind: 'accepted', providerCallId: 'two' });
    await age(service, first, LATER);
    answers(knows(first, 'ended'));

    expect(await one.place(callerId, TARGET)).not.toBe(first);

    expect(await record(first)).toEqual({ state: 4, endReason: 'completed' });
  });

  it('of a call whose dial was never settled closes it as failed, but only once the provider must know it', async () => {
    provider.onDial = never;
    const first = await one.place(callerId, TARGET);
    provider.onDial = async () => ({ kind: 'accepted', providerCallId: 'two' });
    answers({ kind: 'unknown' });
    await dialledNow(service, first);

    expect(await one.place(callerId, TARGET)).toBe(first);
    await age(service, first, DIAL_TIMEOUT + UNPLACED_DIAL_SECONDS);

    expect(await one.place(callerId, TARGET)).not.toBe(first);
    expect(await record(first)).toEqual({ state: 4, endReason: 'failed' });
  });
});

describe('a caller who hammers', () => {
  it('costs one request to the provider, on both replicas together, and one more when some seconds have passed', async () => {
    const callSid = await one.place(callerId, TARGET);
    await age(service, callSid, LATER);
    answers(GOES_ON);

    const begin = performance.now();
    for (let round = 0; round < 5; round++) {
      const placed = await Promise.all(
        Array.from({ length: 20 }, (__, tap) => (tap % 2 ? one : other).place(callerId, TARGET)),
      );
      expect(new Set(placed)).toEqual(new Set([callSid]));
    }
    const soFar = asks;
    const seconds = (performance.now() - begin) / 1000;
    await age(service, callSid, CHECK_AGAIN_SECONDS + 1);
    await one.place(callerId, TARGET);

    expect(soFar).toBeLessThanOrEqual(1 + seconds / CHECK_AGAIN_SECONDS);
    expect(asks).toBe(soFar + 1);
  });

  it('gets one and the same new call on both replicas, whichever of them asks the provider', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    provider.onFetchStatus = async () => {
      await sleep(300);
      return knows(old, 'ended');
    };

    const placed = new Set(
      await Promise.all(Array.from({ length: 10 }, (_, tap) => (tap % 2 ? one : other).place(callerId, TARGET))),
    );

    expect(asks).toBe(1);
    expect(placed.size).toBe(1);
    expect(placed).not.toContain(old);
    expect(provider.dials).toHaveLength(2);
  });

  it('keeps no call from its deadline', async () => {
    const callSid = await one.place(callerId, TARGET);
    await tellOf(service.database, callSid, { type: 'ringing' });
    answers(GOES_ON);
    const before = await service.database.query('select sweep_at from call_record where call_sid = $1', [callSid]);

    await one.place(callerId, TARGET);

    expect(await service.database.query('select sweep_at from call_record where call_sid = $1', [callSid])).toEqual(
      before,
    );
    expect(asks).toBe(1);
  });
});
