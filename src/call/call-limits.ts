/**
 * The longest that a call may stay in each state before the sweeper asks the provider, in seconds, and the sweeper's
 * own pace. Defaults of the three first are settings.
 */
import type { Config } from '../config/config.js';

/**
 * A call is looked at this long after its dial where no reply has settled it: the provider's reply or first event
 * should have come, and a process that died between record and dial leaves nothing else behind.
 */
export const UNSETTLED_DIAL_SECONDS = 15;

/** Between two attempts to ask a provider that does not answer. */
export const ASK_AGAIN_SECONDS = 15;

/** How long after a state's limit a provider that does not answer is still asked, before the call is closed as lost. */
export const GIVE_UP_SECONDS = 600;

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
