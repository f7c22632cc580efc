import { dialOnce } from '../../src/call/placement/dial.js';
import { logContext, runWithLogContext } from '../../src/common/log-context.js';
import { createLogger } from '../../src/common/logger.js';
import { ResilientProvider, ORDER_LIMIT_MS } from '../../src/telephony/resilient-provider.js';
import { AT_ONCE, FAILURES_IN_A_ROW, MAX_QUEUED, TRY_AGAIN_MS } from '../../src/telephony/provider-circuit.js';
import type { DialOutcome, Refusal } from '../../src/telephony/telephony-provider.js';
import { never, scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { dialRequest } from '../support/simulator-call.js';

let provider: ScriptedProvider;
let resilient: ResilientProvider;

beforeEach(() => {
  jest.useFakeTimers();
  provider = scriptedProvider();
  resilient = new ResilientProvider(provider, createLogger('silent'));
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const CALL = { callSid: '1', providerCallId: null };
const ACCEPTED: DialOutcome = { kind: 'accepted', providerCallId: 'one' };
const NOT_ASKED = { kind: 'refused', category: 'provider_down', code: 'NOT-ASKED', text: expect.any(String) };

const refused = (category: Refusal['category']): DialOutcome => ({ kind: 'refused', category, code: '1', text: 'no' });
const dial = (signal = new AbortController().signal) => resilient.dial(dialRequest('00'), signal);
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

describe('the circuit for dials', () => {
  it.each<[string, () => Promise<DialOutcome>]>([
    ['with an unknown outcome', fails],
    ['that did not reach the provider', async () => refused('provider_down')],
  ])('opens after ten consecutive dials %s, and the next dial is refused without being sent', async (_, onDial) => {
    provider.onDial = onDial;
    await times(FAILURES_IN_A_ROW, dial);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(NOT_ASKED);

    expect(provider.dials).toHaveLength(FAILURES_IN_A_ROW);
  });

  it('counts a dial as failed when its caller stops waiting, even if the provider ignores the signal', async () => {
    provider.onDial = never;
    const waiting = Array.from({ length: FAILURES_IN_A_ROW }, () => dialOnce(resilient, dialRequest('00'), 5));
    await jest.advanceTimersByTimeAsync(5_000);

    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ kind: 'timed_out' })));
    expect(await dialOnce(resilient, dialRequest('00'), 5)).toEqual(NOT_ASKED);
  });

  it('still counts a dial as failed when its reply arrives after the time-out', async () => {
    const replies: ((outcome: DialOutcome) => void)[] = [];
    provider.onDial = () => new Promise((resolve) => replies.push(resolve));
    const waiting = Array.from({ length: FAILURES_IN_A_ROW }, () => dialOnce(resilient, dialRequest('00'), 5));
    await jest.advanceTimersByTimeAsync(5_000);

    for (const reply of replies) reply(ACCEPTED);

    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ kind: 'timed_out' })));
    expect(await dial()).toEqual(NOT_ASKED);
  });

  it('stays closed after nine failures, and a success resets the count', async () => {
    await failToDial(FAILURES_IN_A_ROW - 1);
    provider.onDial = async () => ACCEPTED;
    expect(await dial()).toEqual(ACCEPTED);
    await failToDial(FAILURES_IN_A_ROW - 1);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(ACCEPTED);
  });

  it.each(['bad_number', 'bad_account', 'no_funds', 'forbidden', 'rate_limited'] as const)(
    'stays closed when the provider refuses dials as %s',
    async (category) => {
      provider.onDial = async () => refused(category);

      await times(3 * FAILURES_IN_A_ROW, dial);

      expect(provider.dials).toHaveLength(3 * FAILURES_IN_A_ROW);
    },
  );

  it('is separate from the circuits for hang-ups and status requests', async () => {
    await failToDial(FAILURES_IN_A_ROW);
    expect(await resilient.hangUp(CALL)).toEqual({ kind: 'taken' });

    const other = new ResilientProvider(provider, createLogger('silent'));
    provider.onFetchStatus = fails;
    await times(FAILURES_IN_A_ROW, () => other.fetchStatus(CALL));
    provider.onDial = async () => ACCEPTED;

    expect(await other.dial(dialRequest('00'), new AbortController().signal)).toEqual(ACCEPTED);
  });
});

describe('an open circuit', () => {
  beforeEach(async () => {
    await failToDial(FAILURES_IN_A_ROW);
    provider.dials.length = 0;
  });

  it('lets one trial dial through after a while, and refuses all others at once meanwhile', async () => {
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

  it('stays open for the same time again when the trial dial fails', async () => {
    jest.advanceTimersByTime(TRY_AGAIN_MS);
    await times(1, dial);
    jest.advanceTimersByTime(TRY_AGAIN_MS - 1);
    expect(await dial()).toEqual(NOT_ASKED);
    expect(provider.dials).toHaveLength(1);

    jest.advanceTimersByTime(1);
    provider.onDial = async () => ACCEPTED;

    expect(await dial()).toEqual(ACCEPTED);
  });

  it('is logged once, with the reason', async () => {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
    resilient = new ResilientProvider(provider, createLogger('info', stream as unknown as NodeJS.WritableStream));

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

  it('does not change whether the provider is reachable', async () => {
    expect(await resilient.isReachable()).toBe(true);
  });
});

describe('the circuits for hang-ups and status requests', () => {
  it.each(['hangUp', 'fetchStatus'] as const)(
    'open after ten consecutive failures: %s throws without being sent',
    async (order) => {
      provider.onHangUp = provider.onFetchStatus = jest.fn(fails);
      await times(FAILURES_IN_A_ROW, () => resilient[order](CALL));

      await expect(resilient[order](CALL)).rejects.toMatchObject({ category: 'provider_down' });

      expect(provider.onHangUp).toHaveBeenCalledTimes(FAILURES_IN_A_ROW);
    },
  );

  it('are separate: a hang-up is sent while status requests fail, or while their circuit is full', async () => {
    provider.onFetchStatus = fails;
    await times(FAILURES_IN_A_ROW, () => resilient.fetchStatus(CALL));
    expect(await resilient.hangUp(CALL)).toEqual({ kind: 'taken' });

    const other = new ResilientProvider(provider, createLogger('silent'));
    provider.onFetchStatus = never;
    const pending = Array.from({ length: AT_ONCE + MAX_QUEUED }, () =>
      other.fetchStatus(CALL).catch(() => 'timed out'),
    );

    expect(await other.hangUp(CALL)).toEqual({ kind: 'taken' });
    await jest.advanceTimersByTimeAsync(2 * ORDER_LIMIT_MS);
    await Promise.all(pending);
  });

  it('stay closed when hang-ups find the call gone', async () => {
    provider.onHangUp = jest.fn(async () => ({ kind: 'gone' as const }));

    await times(3 * FAILURES_IN_A_ROW, () => resilient.hangUp(CALL));

    expect(provider.onHangUp).toHaveBeenCalledTimes(3 * FAILURES_IN_A_ROW);
  });

  it('abort a request without a reply after the time limit', async () => {
    provider.onFetchStatus = never;
    const failed = expect(resilient.fetchStatus(CALL)).rejects.toThrow('timeout');

    await jest.advanceTimersByTimeAsync(ORDER_LIMIT_MS);

    await failed;
  });

  it('pass on the condition of a hang-up', async () => {
    provider.onHangUp = async (_, before) => ({ kind: before === 'answered' ? 'passed' : 'taken' });

    expect(await resilient.hangUp(CALL, 'answered')).toEqual({ kind: 'passed' });
  });
});

describe('concurrent dials', () => {
  let replies: ((outcome: DialOutcome) => void)[];

  beforeEach(() => {
    replies = [];
    provider.onDial = () => new Promise((resolve) => replies.push(resolve));
  });

  it('are limited: the next ones wait in a queue, and those beyond the queue are refused at once', async () => {
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

  it('run in the context of their own request, also when they have waited for the end of another one', async () => {
    const contexts: unknown[] = [];
    provider.onDial = () => {
      contexts.push(logContext().requestId);
      return new Promise((resolve) => replies.push(resolve));
    };
    const ids = Array.from({ length: AT_ONCE + MAX_QUEUED }, (_, index) => `request ${index}`);
    const dials = ids.map((requestId) => runWithLogContext({ requestId }, () => dial()));

    while (replies.length > 0) {
      for (const reply of replies.splice(0)) reply(ACCEPTED);
      await jest.advanceTimersByTimeAsync(0);
    }
    await Promise.all(dials);

    expect(contexts).toEqual(ids);
  });

  it('are not sent when their caller stops waiting while they are queued', async () => {
    const dials = Array.from({ length: AT_ONCE }, () => dial());
    const controller = new AbortController();
    const queued = dial(controller.signal);
    controller.abort(new Error('enough'));

    for (const reply of replies.splice(0)) reply(ACCEPTED);

    expect(await queued).toEqual({ ...NOT_ASKED, category: 'rate_limited' });
    await Promise.all(dials);
    expect(provider.dials).toHaveLength(AT_ONCE);
  });
});

describe('readWebhook', () => {
  it('calls the provider’s readWebhook', () => {
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

  it('is undefined when the provider has no webhooks', () => {
    expect(resilient.readWebhook).toBeUndefined();
  });
});
