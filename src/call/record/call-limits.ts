/**
 * How long a call may stay in a state, and when the sweeper asks its provider, in seconds. The longest stays are settings
 * (`longestStays`, at the end); the rest are constants.
 */
import type { Config } from '../../config/config.js';

/**
 * A call is looked at this long after its dial where no reply has settled it: the provider's reply or first event
 * should have come, and a process that died between record and dial leaves nothing else behind.
 */
export const UNSETTLED_DIAL_SECONDS = 15;

/**
 * A dial without a reply counts as never placed, on its provider's word, this long after DIAL_TIMEOUT: the request may have
 * been read late, and the call may be found late. With SWEEP_EVERY a caller can dial again 15 s after the outcome at most.
 */
export const UNPLACED_DIAL_SECONDS = 4;

/** Between two attempts to ask a provider that does not answer. */
export const ASK_AGAIN_SECONDS = 15;

/**
 * Between two routine requests about an open call, by state 1 to 3. The end of a call that only a lost message told of is
 * known after that. A phone rings for a minute at most; in state 3 are nearly all open calls, and 5,000 of them cost their
 * provider 17 requests a second.
 */
const PROBE_SECONDS = [30, 30, 300] as const;

/** As SQL: the time to the next routine request. A fifth more or less, so that calls of one burst are spread. */
export const probeIn = (state: string): string =>
  `(array[${PROBE_SECONDS.join(', ')}])[${state}] * (0.8 + 0.4 * random()) * interval '1 second'`;

/** One call is not checked again for its caller within this time. */
export const CHECK_AGAIN_SECONDS = 3;

/** A second request so soon after the dial was settled is a double tap: the provider is not asked for it. */
export const DOUBLE_TAP_SECONDS = 3;

/** How long after a state's limit a provider that does not answer is still asked, before the call is closed as lost. */
export const GRACE_SECONDS = 600;

/**
 * A hang-up that was ordered and not heard of again, because the process died over it, is ordered once more. Longer than a
 * provider has to take an order.
 */
export const CANCEL_LEASE_SECONDS = 15;

/** Seconds, by state: requested, ringing, answered. */
export const longestStays = (config: Config): readonly [number, number, number] => [
  config.longestRequestedSeconds,
  config.longestRingingSeconds,
  config.longestTalkSeconds,
];
