/**
 * For a statement that makes a change: its delivery jobs are added after the commit, by the replica that published the
 * change. The trigger that writes the deliveries reads this setting (migration announce-deliveries-after-commit).
 * Without the setting, as in the version before and at a psql prompt, the trigger adds the jobs itself. That costs a
 * notification in the transaction (change-hints.ts).
 */
export const JOBS_AFTER_COMMIT = "set_config('ringback.jobs_after_commit', 'on', true) as \"jobsAfterCommit\"";

/**
 * As SQL: whether the replica has jobs to add for a change. The trigger asks for the endpoints once more, a moment later; the
 * search for deliveries without a job finds what has changed in between. @param change its bytes
 */
export const needsJobs = (change: string): string => `
  (${change} is not null and exists (
    select from webhook_endpoint
    where disabled_at is null and (event_types is null or ${change}::json ->> 'type' = any (event_types))))`;
