/**
 * For a statement that makes a change: its delivery jobs are added after the commit, by the replica that published the
 * change. The trigger that writes the deliveries reads this setting (migration announce-deliveries-after-commit).
 * Without the setting, as in the version before and at a psql prompt, the trigger adds the jobs itself. That costs a
 * notification in the transaction (change-hints.ts).
 */
export const JOBS_AFTER_COMMIT = "set_config('ringback.jobs_after_commit', 'on', true) as \"jobsAfterCommit\"";
