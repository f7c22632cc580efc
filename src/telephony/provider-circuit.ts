/**
 * What requests to a provider pass through: so many at once, and none for a while to a provider that fails again and again.
 */
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
 * In a row, so that one success of anybody counts from zero: a provider that is down gets here within moments, chance and a
 * person who tries the failing numbers of the demo do not.
 */
export const FAILURES_IN_A_ROW = 10;
/** One trial in this time is a load that no ailing provider feels, and callers are refused this long after its recovery. */
export const TRY_AGAIN_MS = 5_000;
/** At half a second to a reply, a bad day, five hundred requests a second: more than a replica's database takes calls. */
export const AT_ONCE = 256;
/** Evens out an instant's burst. More of them would wait for longer than whoever asked. */
export const MAX_QUEUED = 64;

export type GateState = 'closed' | 'open' | 'half-open';

/** The provider was not asked, and so nobody's phone was rung. */
export class RequestNotSent extends Error {
  constructor(
    /** rate_limited: it was we who had too much to ask, and the provider may be well. */
    readonly category: Extract<RefusalCategory, 'provider_down' | 'rate_limited'>,
    cause: unknown,
  ) {
    super(TEXTS[category], { cause });
  }
}

const TEXTS = {
  provider_down: 'the provider has failed again and again and is left alone for a while',
  rate_limited: 'too many requests to the provider are under way',
};

const STATES: Readonly<Record<CircuitState, GateState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
};

/** A definite no for any other reason is the answer of a provider that is well. */
const isDown = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'category' in result && result.category === 'provider_down';

export class ProviderCircuit {
  private readonly room: BulkheadPolicy = bulkhead(AT_ONCE, MAX_QUEUED);
  private readonly circuit: CircuitBreakerPolicy;

  /** @param onChange also gets the last failure: an error, or a refusal */
  constructor(onChange: (state: GateState, lastFailure: unknown) => void) {
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

  get state(): GateState {
    return STATES[this.circuit.state];
  }

  /**
   * @param signal of whoever asks: once it is aborted the request is not begun any more
   * @throws RequestNotSent, or what `ask` throws
   */
  async pass<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let wasAsked = false as boolean;
    try {
      return await this.room.execute(() => {
        signal?.throwIfAborted();
        // One trial at a time. Cockatiel would have others wait for its end, and a dial that has waited comes too late.
        if (this.circuit.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
        return this.circuit.execute(() => {
          wasAsked = true;
          return ask();
        });
      });
    } catch (error) {
      if (wasAsked) throw error;
      throw new RequestNotSent(error instanceof BrokenCircuitError ? 'provider_down' : 'rate_limited', error);
    }
  }
}
