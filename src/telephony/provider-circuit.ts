/** Limits the concurrent requests to a provider, and stops requests for a while to a provider that fails repeatedly. */
import { AsyncResource } from 'node:async_hooks';
import {
  BrokenCircuitError,
  bulkhead,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { StatusUnavailable, type RefusalCategory } from './telephony-provider.js';

/**
 * Consecutive failures: any success resets the count. A provider that is down reaches it within moments. Chance, or a
 * person who dials the failing numbers of the demo, does not.
 */
export const FAILURES_IN_A_ROW = 10;
/**
 * One trial in this interval is no load even for a failing provider. After its recovery callers are refused for at most
 * this long.
 */
export const TRY_AGAIN_MS = 5_000;
/** At a slow 0.5 s per reply this is 500 requests a second, more calls than a replica's database can store. */
export const AT_ONCE = 256;
/** Absorbs a short burst. A longer queue would wait longer than its callers. */
export const MAX_QUEUED = 64;

export type ProviderCircuitState = 'closed' | 'open' | 'half-open';

/** The request was not sent to the provider, so no phone rang. */
export class RequestNotSent extends Error {
  constructor(
    /** rate_limited: there were too many requests of ours; the provider may work. */
    readonly category: Extract<RefusalCategory, 'provider_down' | 'rate_limited'>,
    cause: unknown,
  ) {
    super(NOT_SENT_TEXTS[category], { cause });
  }
}

/** The code of a dial that was not sent. */
export const NOT_SENT_CODE = 'NOT-ASKED';

export const NOT_SENT_TEXTS = {
  provider_down: 'the provider has failed repeatedly; no requests are sent to it for a while',
  rate_limited: 'too many requests to the provider are in flight',
};

const STATES: Readonly<Record<CircuitState, ProviderCircuitState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
};

/** A definite refusal for any other reason comes from a working provider. */
const isDown = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'category' in result && result.category === 'provider_down';

export class ProviderCircuit {
  private readonly room: BulkheadPolicy = bulkhead(AT_ONCE, MAX_QUEUED);
  private readonly circuit: CircuitBreakerPolicy;

  /** @param onChange also gets the last failure: an error, or a refusal */
  constructor(onChange: (state: ProviderCircuitState, lastFailure: unknown) => void) {
    const failures = handleWhen((error) => !(error instanceof StatusUnavailable)).orWhenResult(isDown);
    this.circuit = circuitBreaker(failures, {
      halfOpenAfter: TRY_AGAIN_MS,
      breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
    });
    this.circuit.onStateChange((state) => {
      const { lastFailure } = this.circuit;
      onChange(STATES[state], lastFailure && ('error' in lastFailure ? lastFailure.error : lastFailure.value));
    });
  }

  get state(): ProviderCircuitState {
    return STATES[this.circuit.state];
  }

  /**
   * @param signal of the caller; once it is aborted, the request is not started
   * @throws RequestNotSent, or the error of `ask`
   */
  async execute<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let wasAsked = false as boolean;
    try {
      // A request that has waited begins where another one ends, and would have the log lines and the trace of that one.
      const inOwnContext = AsyncResource.bind(() => {
        signal?.throwIfAborted();
        // One trial at a time. Cockatiel would make other requests wait for its end, and a dial that has waited is too
        // late.
        if (this.circuit.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
        return this.circuit.execute(() => {
          wasAsked = true;
          return ask();
        });
      });
      return await this.room.execute(() => inOwnContext());
    } catch (error) {
      if (wasAsked) throw error;
      throw new RequestNotSent(error instanceof BrokenCircuitError ? 'provider_down' : 'rate_limited', error);
    }
  }
}
