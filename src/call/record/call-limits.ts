/**
 * The longest stay in each state, and the intervals of the sweeper's status requests, in seconds. The longest stays are
 * settings (`longestStays`, at the end). The others are constants.
 */
import type { Config } from '../../config/config.js';

/**
 * A call without a reply to its dial is checked after this time. By then the provider's reply or first event should
 * have arrived. If a process crashes between record and dial, this check is the only thing that finds the call.
 */
export const UNSETTLED_DIAL_SECONDS = 15;

/**
 * If the provider reports that it does not know the call, a dial without a reply counts as never placed this long after
 * DIAL_TIMEOUT. The provider may have read the request late, and may list the call late. With SWEEP_EVERY, the caller
 * can dial again at most 15 s after the outcome.
 */
export const UNPLACED_DIAL_SECONDS = 4;

/** Between two attempts to fetch a status from a provider that does not answer. */
export const ASK_AGAIN_SECONDS = 15;

/**
 * Between two routine status requests for an open call, by state 1 to 3. If the event that ended a call was lost, the
 * end is known after this time. A phone rings for a minute at most. Nearly all open calls are in state 3, and 5,000 of
 * them cost their provider 17 requests a second.
 */
const PROBE_SECONDS = [30, 30, 300] as const;

/** The time to the next routine request, as SQL. It varies by ±20 %, to spread the calls of one burst. */
export const probeIn = (state: string): string =>
  `(array[${PROBE_SECONDS.join(', ')}])[${state}] * (0.8 + 0.4 * random()) * interval '1 second'`;

/** Minimum time between two checks of one call on behalf of its caller. */
export const CHECK_AGAIN_SECONDS = 3;

/** A second request this soon after the dial was settled is a double tap. The provider is not queried for it. */
export const DOUBLE_TAP_SECONDS = 3;

/**
 * How long after a state's limit the status is still requested from a provider that does not answer. Then the call is
 * closed as lost.
 */
export const GRACE_SECONDS = 600;

/**
 * If the process crashed during a hang-up order, the order is repeated after this time. Longer than the time limit of
 * an order.
 */
export const CANCEL_LEASE_SECONDS = 15;

/** In seconds, by state: requested, ringing, answered. */
export const longestStays = (config: Config): readonly [number, number, number] => [
  config.longestRequestedSeconds,
  config.longestRingingSeconds,
  config.longestTalkSeconds,
];
