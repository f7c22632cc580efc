/**
 * The exit statuses of the command-line tools. Scripts rely on them, so a status never changes its meaning. Status 2:
 * common/usage.ts.
 */

/** The request was refused, the service cannot be reached, or the outcome of the call is unknown. */
export const FAILED = 1;
/** The status that shells report after Ctrl-C. */
export const INTERRUPTED = 130;

/** By the end reason of the call. */
export const CALL_STATUS: Readonly<Record<string, number>> = {
  completed: 0,
  busy: 3,
  no_answer: 4,
  rejected: 5,
  unreachable: 6,
  failed: 7,
  lost: 8,
  canceled: 9,
};
