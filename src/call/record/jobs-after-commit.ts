/**
 * For a statement that makes a change: the jobs of its deliveries are added after the commit, by whoever is told of what has
 * been published. The trigger that writes the deliveries reads it (migration announce-deliveries-after-commit). Without it,
 * as in the version before and at a psql prompt, the trigger adds the jobs itself, at the price of a notification in the
 * transaction (see change-hints.ts).
 */
export const JOBS_AFTER_COMMIT = "set_config('ringback.jobs_after_commit', 'on', true) as \"jobsAfterCommit\"";
