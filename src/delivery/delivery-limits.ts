/** How long and how often a delivery is tried. */

/**
 * Standard Webhooks recommends 15 to 30 s: the shorter one, because a backend that takes its time keeps one of few
 * workers waiting.
 */
export const ATTEMPT_LIMIT_MS = 15_000;

/**
 * After its nth failure graphile-worker waits e^n seconds, from the tenth on e^10 (6.1 hours): 3 s, 7 s, 20 s, 55 s, 2.5
 * min, 7 min, 18 min, 50 min, 2.3 h, 6.1 h, 6.1 h … The fourteenth attempt is made 28 hours after the first. It must be
 * below 25, graphile-worker's own limit, past which a job is left lying.
 */
export const MOST_ATTEMPTS = 14;

/**
 * An endpoint that has taken nothing for so long is disabled. Less than the 28 hours above, so that an outage of whatever
 * length never makes a delivery fail: only one that is refused while others are taken does.
 */
export const FAILING_LIMIT_HOURS = 24;

/** How long a secret signs on after another has taken its place. */
export const PREVIOUS_SECRET_HOURS = 24;

/** How long deliveries are kept, counted from the beginning of the call; also those that wait for a disabled endpoint. */
export const KEPT_DAYS = 30;

/** Characters of an answer that are kept: enough for a line that says what is wrong. */
export const RESPONSE_LENGTH = 500;

/**
 * A job that has been running for this long has lost its process: an attempt takes 15 s, and each of the statements around
 * it 10 s at most.
 */
export const LOST_JOB_SECONDS = 60;

/** Attempts that one process makes at once. They wait for others most of the time. */
export const ATTEMPTS_AT_ONCE = 20;

/** … and of those to one endpoint, so that one which hangs leaves workers for the others. Never exceeded. */
export const ATTEMPTS_AT_ONCE_TO_ONE = 5;

/** … and to one that gave no answer the last time: so that many which hang leave workers too. */
export const ATTEMPTS_AT_ONCE_TO_SILENT = 1;
