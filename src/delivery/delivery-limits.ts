/** Time and retry limits of deliveries. */

/**
 * Standard Webhooks recommends 15 to 30 s. This is the shorter one, because a slow backend occupies one of few workers.
 */
export const ATTEMPT_LIMIT_MS = 15_000;

/**
 * After its nth failure graphile-worker waits e^n seconds, from the tenth on e^10 (6.1 hours): 3 s, 7 s, 20 s, 55 s,
 * 2.5 min, 7 min, 18 min, 50 min, 2.3 h, 6.1 h, 6.1 h … The fourteenth attempt is made 28 hours after the first. Must
 * be below 25, graphile-worker's own limit: after that a job is never run again.
 */
export const MAX_ATTEMPTS = 14;

/**
 * An endpoint that has accepted nothing for this long is disabled. Less than the 28 hours above. So an outage, however
 * long, never makes a delivery fail: a delivery fails only if it is refused while others are accepted.
 */
export const FAILING_LIMIT_HOURS = 24;

/** How long a replaced secret still signs. */
export const PREVIOUS_SECRET_HOURS = 24;

/**
 * How long deliveries are kept, counted from the start of the call. This includes deliveries that wait for a disabled
 * endpoint.
 */
export const KEPT_DAYS = 30;

/** Stored characters of a response: enough for an error message. */
export const RESPONSE_LENGTH = 500;

/**
 * A job that runs for longer has lost its process: an attempt takes 15 s, and each of the statements around it at most
 * 10 s.
 */
export const LOST_JOB_SECONDS = 60;

/** Concurrent attempts of one process. They mostly wait for the network. */
export const ATTEMPTS_AT_ONCE = 20;

/** … to one endpoint, so that a hanging endpoint leaves workers for the others. Never exceeded. */
export const ATTEMPTS_AT_ONCE_TO_ONE = 5;

/** … beyond the first to each endpoint, in sum, so that several hanging endpoints leave workers too. */
export const EXTRA_ATTEMPTS_AT_ONCE = 5;

/** … to all endpoints that did not answer their last attempt, one to each, so that any number leaves workers. */
export const SILENT_ATTEMPTS_AT_ONCE = 5;
