/** When and how often an open call is checked with its provider, and what its caller gets: two replicas, one database. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CHECK_AGAIN_SECONDS,
  UNPLACED_DIAL_SECONDS,
  UNSETTLED_DIAL_SECONDS,
} from '../../src/call/record/call-limits.js';
import { StatusUnavailable, type CallStatus, type ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { age, markDialedNow, scriptedReplica, type ScriptedReplica } from '../support/scripted-replica.js';
import { never, scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** Also the time limit of a check, which a slow machine must not reach. */
const DIAL_TIMEOUT = 3;
/** Long after the dial was settled. */
const LATER = DIAL_TIMEOUT + UNSETTLED_DIAL_SECONDS + 5;

let service: TestApp;
let provider: ScriptedProvider;
let one: ScriptedReplica;
let other: ScriptedReplica;
let asks: number;
/** Ends a status request that is not answered, so that no timer outlives the test. */
let endRequest: (() => void) | undefined;
let callerId: string;
let nextCaller = 800_000;

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600', DIAL_TIMEOUT: String(DIAL_TIMEOUT) } });
});
beforeEach(() => {
  // Each test has its own provider, caller and two replicas. Tests share only the database.
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
  endRequest?.();
  endRequest = undefined;
});
afterAll(() => service.close());

const TARGET = '2001';
const OTHER_TARGET = '2002';

const knownCall = (callSid: string, ...types: ProviderEventType[]): CallStatus => ({
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
const statusIs = (status: CallStatus): void => {
  provider.onFetchStatus = async () => status;
};
const record = async (callSid: string) => {
  const [row] = await service.database.query<{ state: number; endReason: string | null }[]>(
    'select state, end_reason as "endReason" from call_records where call_sid = $1',
    [callSid],
  );
  return row!;
};

describe('an open call of the caller', () => {
  it('is closed, and a new call is placed, when the provider reports its end', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    statusIs(knownCall(old, 'answered', 'ended'));

    const placed = await one.place(callerId, OTHER_TARGET);

    expect(placed).not.toBe(old);
    expect(await record(old)).toEqual({ state: 4, endReason: 'completed' });
    expect(await record(placed)).toMatchObject({ state: 1 });
    expect(provider.dials.map(({ callSid }) => callSid)).toEqual([old, placed]);
  });

  it('is closed as lost when the provider does not know it any more', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    statusIs({ kind: 'unknown' });

    expect(await one.place(callerId, TARGET)).not.toBe(old);

    expect(await record(old)).toEqual({ state: 4, endReason: 'lost' });
  });

  it.each<[string, () => void]>([
    ['says that the call goes on', () => statusIs(GOES_ON)],
    ['cannot report the status', () => (provider.onFetchStatus = () => Promise.reject(new StatusUnavailable('never')))],
    ['fails', () => (provider.onFetchStatus = () => Promise.reject(new Error('503')))],
    ['does not answer', () => (provider.onFetchStatus = () => new Promise((_, reject) => (endRequest = reject)))],
  ])('stays open when the provider %s', async (_, script) => {
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
  it('while the dial is in flight returns the open call without a status request', async () => {
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

  it('just after the dial was settled returns the open call without a status request', async () => {
    const first = await one.place(callerId, TARGET);
    // The age is set, so that a slow machine does not change it.
    await age(service, first, -60);

    expect(await one.place(callerId, TARGET)).toBe(first);
    expect(await other.place(callerId, TARGET)).toBe(first);

    expect(provider.dials).toHaveLength(1);
    expect(asks).toBe(0);
  });

  it('some seconds later does not close a call that the provider does not know yet', async () => {
    const first = await one.place(callerId, TARGET);
    await age(service, first, UNSETTLED_DIAL_SECONDS - 10);

    expect(await one.place(callerId, TARGET)).toBe(first);

    expect(asks).toBe(1);
    expect(provider.dials).toHaveLength(1);
    expect(await record(first)).toMatchObject({ state: 1 });
  });

  it('closes a call whose dial was never settled when the provider reports its end', async () => {
    provider.onDial = never;
    const first = await one.place(callerId, TARGET);
    provider.onDial = async () => ({ kind: 'accepted', providerCallId: 'two' });
    await age(service, first, LATER);
    statusIs(knownCall(first, 'ended'));

    expect(await one.place(callerId, TARGET)).not.toBe(first);

    expect(await record(first)).toEqual({ state: 4, endReason: 'completed' });
  });

  it('closes an unknown call whose dial was never settled as failed, but not before the dial must have arrived', async () => {
    provider.onDial = never;
    const first = await one.place(callerId, TARGET);
    provider.onDial = async () => ({ kind: 'accepted', providerCallId: 'two' });
    statusIs({ kind: 'unknown' });
    await markDialedNow(service, first);

    expect(await one.place(callerId, TARGET)).toBe(first);
    await age(service, first, DIAL_TIMEOUT + UNPLACED_DIAL_SECONDS);

    expect(await one.place(callerId, TARGET)).not.toBe(first);
    expect(await record(first)).toEqual({ state: 4, endReason: 'failed' });
  });
});

describe('a caller who taps many times', () => {
  it('causes one status request on both replicas together, and another one some seconds later', async () => {
    const callSid = await one.place(callerId, TARGET);
    await age(service, callSid, LATER);
    statusIs(GOES_ON);

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

  it('gets the same new call on both replicas, with one status request', async () => {
    const old = await one.place(callerId, TARGET);
    await age(service, old, LATER);
    provider.onFetchStatus = async () => {
      await sleep(300);
      return knownCall(old, 'ended');
    };

    const placed = new Set(
      await Promise.all(Array.from({ length: 10 }, (_, tap) => (tap % 2 ? one : other).place(callerId, TARGET))),
    );

    expect(asks).toBe(1);
    expect(placed.size).toBe(1);
    expect(placed).not.toContain(old);
    expect(provider.dials).toHaveLength(2);
  });

  it('does not delay the next check of the open call', async () => {
    const callSid = await one.place(callerId, TARGET);
    await applyEvent(service.database, callSid, { type: 'ringing' });
    statusIs(GOES_ON);
    const before = await service.database.query('select sweep_at from call_records where call_sid = $1', [callSid]);

    await one.place(callerId, TARGET);

    expect(await service.database.query('select sweep_at from call_records where call_sid = $1', [callSid])).toEqual(
      before,
    );
    expect(asks).toBe(1);
  });
});
