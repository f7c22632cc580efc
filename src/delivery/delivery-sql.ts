/**
 * The rules of the delivery jobs. For each endpoint and call there is at most one live job. It holds the job key and
 * makes one attempt at the oldest pending delivery. So no two attempts run concurrently, and deliveries stay in order.
 *
 * - After a change is committed, and after a delivery is settled, the call gets a job for each endpoint that has a
 *   pending delivery and no job (webhook_add_jobs, see delivery-jobs.ts).
 * - A job that settles a delivery, or finds none, releases the key in the same transaction.
 * - Both lock the call's row, so neither misses a change of the other.
 * - A job that fails keeps the key and waits. A change in the meantime neither resets nor overtakes it.
 * - A job whose endpoint has no free slot passes the key to an equal job, with the same count of failed attempts.
 *
 * graphile-worker's named queues do not fit: each search for a job locks every free queue, and here there would be one
 * per call. Nor does its replacement of a job by key, which restarts the back-off.
 */
import type { EntityManager } from 'typeorm';
import { preparedInTransaction, preparedStatement } from '../postgres/prepared-statement.js';
import { PREVIOUS_SECRET, type SigningSecrets } from './signing-secrets.js';

/**
 * For a transaction that only adds jobs. Adding a job notifies the workers, and all transactions that notify wait for
 * each other's flush to disk.
 */
const NEED_NOT_SURVIVE = `set_config('synchronous_commit', 'off', true)`;

/** $1: the callSid */
export const lockCall = preparedInTransaction('lock-call', 'select from call_records where call_sid = $1 for update');

/** The rows of all statements below, so that they agree on which deliveries there are. */
const PENDING = `
  webhook_deliveries delivery
  join webhook_endpoint endpoint on endpoint.id = delivery.endpoint_id
  join call_events event on event.call_sid = delivery.call_sid and event.change_number = delivery.change_number
  where delivery.endpoint_id = $1 and delivery.call_sid = $2 and delivery.state = 'pending'`;

export interface ClaimedDelivery extends SigningSecrets {
  readonly changeNumber: number;
  readonly change: string;
  readonly url: string;
  /** Null if the endpoint is disabled. */
  readonly attemptId: string | null;
}

/** $1: the endpoint's id, $2: the callSid. Stores the attempt before it is made. */
export const claimNext = preparedStatement<ClaimedDelivery>(
  'claim-delivery',
  `
with next as (
  select delivery.change_number, event.change, endpoint.url, endpoint.secret,
    ${PREVIOUS_SECRET} as previous_secret,
    endpoint.disabled_at is not null as disabled
  from ${PENDING}
  order by delivery.change_number
  limit 1
), attempt as (
  insert into webhook_attempts (endpoint_id, call_sid, change_number)
  select $1, $2, change_number from next where not disabled
  returning id
)
select next.change_number as "changeNumber", next.change, next.url, next.secret,
  next.previous_secret as "previousSecret", attempt.id as "attemptId"
from next left join attempt on true
`,
);

/** $1: the endpoint's id, $2: the callSid */
export const anyPending = preparedInTransaction('any-pending', `select from ${PENDING} limit 1`);

/** $1: the attempt's id, $2: the callSid, $3 to $6: the answer */
export const noteAnswer = preparedInTransaction(
  'note-answer',
  'update webhook_attempts set duration_ms = $3, status = $4, error = $5, response = $6 where id = $1 and call_sid = $2',
);

/** $1: the endpoint's id, $2: the callSid, $3: the number of the change, $4: its state. Returns a row if it was pending. */
export const settleDelivery = preparedInTransaction<{ readonly number: number }>(
  'settle-delivery',
  `update webhook_deliveries set state = $4, settled_at = now()
   where endpoint_id = $1 and call_sid = $2 and change_number = $3 and state = 'pending'
   returning change_number as number`,
);

/** $1: the endpoint's id. While the row is locked for share, the endpoint cannot be enabled. */
export const LOCK_IF_DISABLED = 'select from webhook_endpoint where id = $1 and disabled_at is not null for share';

/** $1: the endpoint's id, $2: the callSid */
export const RELEASE_JOB = 'select graphile_worker.remove_job(webhook_job_key($1, $2))';

/**
 * $1: the endpoint's id, $2: the callSid, $3: the receiver's Retry-After in seconds. After a failure graphile-worker
 * adds its back-off to the running job's time. Together they make the longer of the two.
 */
export const LEAVE_ALONE = `
update graphile_worker._private_jobs
set run_at = now() + ($3 - exp(least(attempts, 10))) * interval '1 second'
where key = webhook_job_key($1, $2) and $3 > exp(least(attempts, 10))
`;

/**
 * $1: the endpoint's id, $2: the callSid before the first, $3: the number of calls, $4: a single callSid, or null.
 * Schedules the pending deliveries for now. A running job is not changed: when it is done, another job is added for
 * what is pending.
 */
export const WAKE = `
with call as (
  select distinct call_sid from webhook_deliveries
  where endpoint_id = $1 and state = 'pending' and call_sid > $2
    and call_sid >= coalesce($4, '') and call_sid <= coalesce($4, '${'9'.repeat(33)}')
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
 * $1: the endpoint's id, $2: the callSid, $3: the id of the running job, $4: its failed attempts. A worker deletes the
 * job that it has run, so another job takes its place. None is added if the key already belongs to another job.
 */
export const PUT_BACK = `
select graphile_worker.reschedule_jobs(array[webhook_add_job($1, $2)], attempts => $4), ${NEED_NOT_SURVIVE}
from graphile_worker.jobs where id = $3 and key = webhook_job_key($1, $2)
`;

const REMOVE_JOBS = `
delete from graphile_worker._private_jobs where id in (
  select id from graphile_worker._private_jobs
  where starts_with(key, 'deliver:' || $1::text || ':') and locked_at is null
  for update skip locked
)
`;

/**
 * Removes the waiting jobs of an endpoint that was disabled or removed in this transaction. They would take workers from the
 * other endpoints. A running job releases its key itself. When the endpoint is enabled, WAKE adds jobs.
 */
export const removeJobs = async (transaction: EntityManager, endpointId: string): Promise<void> => {
  // A plan for any value would read all keys.
  await transaction.query('set local plan_cache_mode = force_custom_plan');
  await transaction.query(REMOVE_JOBS, [endpointId]);
};
