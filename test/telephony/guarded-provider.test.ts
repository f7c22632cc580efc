import { dialOnce } from '../../src/call/placement/dial.js';
import { createLogger } from '../../src/common/logger.js';
import { ResilientProvider, ORDER_LIMIT_MS } from '../../src/telephony/resilient-provider.js';
import { AT_ONCE, FAILURES_IN_A_ROW, MAX_QUEUED, TRY_AGAIN_MS } from '../../src/telephony/provider-circuit.js';
import type { DialOutcome, Refusal } from '../../src/telephony/telephony-provider.js';
import { never, scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { dialRequest } from '../support/simulator-call.js';

let provider: ScriptedProvider;
let guarded: ResilientProvider;

beforeEach(() => {
  jest.useFakeTimers();
  provider = scriptedProvider();
  guarded = new ResilientProvider(provider, createLogger('silent'));
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const CALL = { callSid: '1', providerCallId: null };
const ACCEPTED: DialOutcome = { kind: 'accepted', providerCallId: 'one' };
const NOT_ASKED = { kind: 'refused', category: 'provider_down', code: 'NOT-ASKED', text: expect.any(String) };

const refused = (category: Refusal['category']): DialOutcome => ({ kind: 'refused', category, code: '1', text: 'no' });
const dial = (signal = new AbortController().signal) => guarded.dial(dialRequest('00'), signal);
const fails = async (): Promise<never> => {
  throw new Error('503');
};
const times = async (count: number, work: () => Promise<unknown>): Promise<void> => {
  for (let number = 0; number < count; number++) await work().catch(() => undefined);
};
const failToDial = (count: number): Promise<void> => {
  provider.onDial = fails;
  return times(count, dial);
};

describe('dials to a provider', () => {
  it.each<[string, () => Promise<DialOutcome>]>([
    ['whose outcome is unknown', fails],
    ['that does not reach it', async () => refused('provider_down')],
  ])('%s, ten in a row, have the next one refused without being asked', async (_, onDial) => {
    provider.onDial = onDial;
    await times(FAILURES_IN_A_ROW, dial);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(NOT_ASKED);

    expect(provider.dials).toHaveLength(FAILURES_IN_A_ROW);
  });

  it('that heeds no signal count as failed when their caller stops waiting', async () => {
    provider.onDial = never;
    const waiting = Array.from({ length: FAILURES_IN_A_ROW }, () => dialOnce(guarded, dialRequest('00'), 5));
    await jest.advanceTimersByTimeAsync(5_000);

    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ kind: 'timed_out' })));
    expect(await dialOnce(guarded, dialRequest('00'), 5)).toEqual(NOT_ASKED);
  });

  it('whose reply comes after all are none the better for it', async () => {
    const replies: ((outcome: DialOutcome) => void)[] = [];
    provider.onDial = () => new Promise((resolve) => replies.push(resolve));
    const waiting = Array.from({ length: FAILURES_IN_A_ROW }, () => dialOnce(guarded, dialRequest('00'), 5));
    await jest.advanceTimersByTimeAsync(5_000);

    for (const reply of replies) reply(ACCEPTED);

    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ kind: 'timed_out' })));
    expect(await dial()).toEqual(NOT_ASKED);
  });

  it('nine of which fail do not shut it out, and a success counts from zero', async () => {
    await failToDial(FAILURES_IN_A_ROW - 1);
    provider.onDial = async () => ACCEPTED;
    expect(await dial()).toEqual(ACCEPTED);
    await failToDial(FAILURES_IN_A_ROW - 1);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(ACCEPTED);
  });

  it.each(['bad_number', 'bad_account', 'no_funds', 'forbidden', 'rate_limited'] as const)(
    'that it refuses as %s do not shut it out',
    async (category) => {
      provider.onDial = async () => refused(category);

      await times(3 * FAILURES_IN_A_ROW, dial);

      expect(provider.dials).toHaveLength(3 * FAILURES_IN_A_ROW);
    },
  );

  it('that fail leave orders alone, and the other way round', async () => {
    await failToDial(FAILURES_IN_A_ROW);
    expect(await guarded.hangUp(CALL)).toEqual({ kind: 'taken' });

    const other = new ResilientProvider(provider, createLogger('silent'));
    provider.onFetchStatus = fails;
    await times(FAILURES_IN_A_ROW, () => other.fetchStatus(CALL));
    provider.onDial = async () => ACCEPTED;

    expect(await other.dial(dialRequest('00'), new AbortController().signal)).toEqual(ACCEPTED);
  });
});

describe('a provider that was shut out', () => {
  beforeEach(async () => {
    await failToDial(FAILURES_IN_A_ROW);
    provider.dials.length = 0;
  });

  it('is tried with one dial after a while, and the others are refused at once meanwhile', async () => {
    jest.advanceTimersByTime(TRY_AGAIN_MS);
    let reply: (outcome: DialOutcome) => void = () => undefined;
    provider.onDial = () => new Promise((resolve) => (reply = resolve));

    const trial = dial();
    const others = [await dial(), await dial()];
    reply(ACCEPTED);

    expect(others).toEqual([NOT_ASKED, NOT_ASKED]);
    expect(await trial).toEqual(ACCEPTED);
    provider.onDial = async () => ACCEPTED;
    expect(await Promise.all([dial(), dial()])).toEqual([ACCEPTED, ACCEPTED]);
  });

  it('and fails its trial has as long to wait again', async () => {
    jest.advanceTimersByTime(TRY_AGAIN_MS);
    await times(1, dial);
    jest.advanceTimersByTime(TRY_AGAIN_MS - 1);
    expect(await dial()).toEqual(NOT_ASKED);
    expect(provider.dials).toHaveLength(1);

    jest.advanceTimersByTime(1);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(ACCEPTED);
  });

  it('has the reason in the log, once', async () => {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
    guarded = new ResilientProvider(provider, createLogger('info', stream as unknown as NodeJS.WritableStream));

    await failToDial(FAILURES_IN_A_ROW + 5);

    expect(lines).toMatchObject([
      {
        level: 40,
        msg: 'circuit opened',
        provider: 'scripted',
        requests: 'dials',
        state: 'open',
        error: { message: '503' },
      },
    ]);
  });

  it('says that it is reachable as it did before', async () => {
    expect(await guarded.isReachable()).toBe(true);
  });
});

describe('orders to a provider', () => {
  it.each(['hangUp', 'fetchStatus'] as const)('%s throws without being asked once ten have failed', async (order) => {
    provider.onHangUp = provider.onFetchStatus = jest.fn(fails);
    await times(FAILURES_IN_A_ROW, () => guarded[order](CALL));

    await expect(guarded[order](CALL)).rejects.toMatchObject({ category: 'provider_down' });

    expect(provider.onHangUp).toHaveBeenCalledTimes(FAILURES_IN_A_ROW);
  });

  it('to hang up are given while status requests fail, or fill their gate', async () => {
    provider.onFetchStatus = fails;
    await times(FAILURES_IN_A_ROW, () => guarded.fetchStatus(CALL));
    expect(await guarded.hangUp(CALL)).toEqual({ kind: 'taken' });

    const other = new ResilientProvider(provider, createLogger('silent'));
    provider.onFetchStatus = never;
    const asked = Array.from({ length: AT_ONCE + MAX_QUEUED }, () => other.fetchStatus(CALL).catch(() => 'timed out'));

    expect(await other.hangUp(CALL)).toEqual({ kind: 'taken' });
    await jest.advanceTimersByTimeAsync(2 * ORDER_LIMIT_MS);
    await Promise.all(asked);
  });

  it('that find the call gone do not shut it out', async () => {
    provider.onHangUp = jest.fn(async () => ({ kind: 'gone' as const }));

    await times(3 * FAILURES_IN_A_ROW, () => guarded.hangUp(CALL));

    expect(provider.onHangUp).toHaveBeenCalledTimes(3 * FAILURES_IN_A_ROW);
  });

  it('that are never answered fail in the end', async () => {
    provider.onFetchStatus = never;
    const failed = expect(guarded.fetchStatus(CALL)).rejects.toThrow('timed out');

    await jest.advanceTimersByTimeAsync(ORDER_LIMIT_MS);

    await failed;
  });

  it('carry their condition', async () => {
    provider.onHangUp = async (_, before) => ({ kind: before === 'answered' ? 'passed' : 'taken' });

    expect(await guarded.hangUp(CALL, 'answered')).toEqual({ kind: 'passed' });
  });
});

describe('requests at one instant', () => {
  let replies: ((outcome: DialOutcome) => void)[];

  beforeEach(() => {
    replies = [];
    provider.onDial = () => new Promise((resolve) => replies.push(resolve));
  });

  it('are bounded: some wait in a queue, and those beyond it are refused at once', async () => {
    const dials = Array.from({ length: AT_ONCE + MAX_QUEUED }, () => dial());

    expect(await dial()).toEqual({ ...NOT_ASKED, category: 'rate_limited' });

    expect(provider.dials).toHaveLength(AT_ONCE);
    while (replies.length > 0) {
      for (const reply of replies.splice(0)) reply(ACCEPTED);
      await jest.advanceTimersByTimeAsync(0);
    }
    expect(await Promise.all(dials)).toEqual(dials.map(() => ACCEPTED));
    expect(provider.dials).toHaveLength(AT_ONCE + MAX_QUEUED);
  });

  it('whose caller stops waiting in the queue are not made any more', async () => {
    const dials = Array.from({ length: AT_ONCE }, () => dial());
    const impatience = new AbortController();
    const queued = dial(impatience.signal);
    impatience.abort(new Error('enough'));

    for (const reply of replies.splice(0)) reply(ACCEPTED);

    expect(await queued).toEqual({ ...NOT_ASKED, category: 'rate_limited' });
    await Promise.all(dials);
    expect(provider.dials).toHaveLength(AT_ONCE);
  });
});

describe('webhooks', () => {
  it('are read by the provider', () => {
    const readWebhook = jest.fn(() => ({ kind: 'forged' as const, reason: 'no' }));
    const withWebhooks = new ResilientProvider({ ...provider, readWebhook }, createLogger('silent'));

    const reading = withWebhooks.readWebhook?.({
      headers: {},
      body: Buffer.from('x'),
      target: '/v1/webhooks/scripted',
      address: '127.0.0.1',
    });
    expect(reading).toEqual({ kind: 'forged', reason: 'no' });
  });

  it('are not read where the provider has none', () => {
    expect(guarded.readWebhook).toBeUndefined();
  });
});
