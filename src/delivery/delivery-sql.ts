/**
 * What holds the deliveries of a call together. For one endpoint and one call there is one job at most that is alive, it
 * holds the job key, and it makes one attempt at the oldest pending delivery: so no two are under way at once, and none
 * goes before the one before it.
 *
 * - After a change is committed, and after a delivery is settled, the call gets a job for each endpoint that has a pending
 *   delivery and no job (webhook_add_jobs, see delivery-jobs.ts).
 * - Whoever settles a delivery, or finds none, gives up the key in the same transaction.
 * - Each of them holds the call's row meanwhile, so none can miss what another does.
 * - A job that fails keeps the key and waits; a change in the meantime neither resets nor overtakes it.
 * - A job whose endpoint has no free slot hands the key to a job like itself, with the same count of failed attempts.
 *
 * graphile-worker's queue names would not do instead: each time a worker looks for a job it locks every free queue there
 * is, and here there would be as many as calls; nor would its way of replacing a job by key, which starts the waiting anew.
 */

/**
 * For a transaction that adds jobs and writes nothing else. Adding a job notifies the workers, and all transactions that
 * notify wait for each other's flush to the disk.
 */
const NEED_NOT_SURVIVE = `set_config('synchronous_commit', 'off', true)`;

/** $1: the callSid */
export const LOCK_CALL = 'select from call_record where call_sid = $1 for update';

/** The rows that the statements below speak of, so that no delivery is found by one and not by another. */
const PENDING = `
  webhook_delivery delivery
  join webhook_endpoint endpoint on endpoint.id = delivery.endpoint_id
  join call_event event on event.call_sid = delivery.call_sid and event.change_number = delivery.change_number
  where delivery.endpoint_id = $1 and delivery.call_sid = $2 and delivery.state = 'pending'`;

/** $1: the endpoint's id, $2: the callSid. The attempt is written down before it is made. */
export const CLAIM_NEXT = `
with next as (
  select delivery.change_number, event.change, endpoint.url, endpoint.secret,
    case when endpoint.previous_secret_until > now() then endpoint.previous_secret end as previous_secret,
    endpoint.disabled_at is not null as disabled
  from ${PENDING}
  order by delivery.change_number
  limit 1
), attempt as (
  insert into webhook_attempt (endpoint_id, call_sid, change_number)
  select $1, $2, change_number from next where not disabled
  returning id
)
select next.change_number as "changeNumber", next.change, next.url, next.secret,
  next.previous_secret as "previousSecret", attempt.id as "attemptId"
from next left join attempt on true
`;

/** $1: the endpoint's id, $2: the callSid */
export const ANY_PENDING = `select from ${PENDING} limit 1`;

/** $1: the endpoint's id. While somebody shares the row, it cannot be enabled. */
export const LOCK_IF_DISABLED = 'select from webhook_endpoint where id = $1 and disabled_at is not null for share';

/** $1: the endpoint's id, $2: the callSid */
export const RELEASE_JOB = 'select graphile_worker.remove_job(webhook_job_key($1, $2))';

/**
 * $1: the endpoint's id, $2: the callSid, $3: seconds for which the receiver wants to be left alone. graphile-worker adds its
 * back-off to the running job's time when the job has failed; together they are the longer of the two.
 */
export const LEAVE_ALONE = `
update graphile_worker._private_jobs
set run_at = now() + ($3 - exp(least(attempts, 10))) * interval '1 second'
where key = webhook_job_key($1, $2) and $3 > exp(least(attempts, 10))
`;

/**
 * $1: the endpoint's id, $2: the callSid before the first, $3: how many, $4: the only callSid, or null. Pending deliveries
 * are tried at once. A job that is running is left alone: when it is done, another is added for what is pending.
 */
export const WAKE = `
with call as (
  select distinct call_sid from webhook_delivery
  where endpoint_id = $1 and state = 'pending' and call_sid > $2 and ($4::text is null or call_sid = $4)
  order by call_sid
  limit $3
)
select call.call_sid as "callSid",
  case when job.locked_at is null then webhook_add_job($1, call.call_sid) end,
  ${NEED_NOT_SURVIVE}
from call left join graphile_worker.jobs job on job.key = webhook_job_key($1, call.call_sid)
order by call.call_sid
`;

/**
 * $1: the endpoint's id, $2: the callSid, $3: the id of the running job, $4: its failed attempts. A worker deletes the job
 * that it has run, so another one takes its place; none if the key has already gone to another.
 */
export const PUT_BACK = `
select graphile_worker.reschedule_jobs(array[webhook_add_job($1, $2)], attempts => $4), ${NEED_NOT_SURVIVE}
from graphile_worker.jobs where id = $3 and key = webhook_job_key($1, $2)
`;
