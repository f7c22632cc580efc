/** Recovery and clean-up of deliveries. Runs as jobs, so on one replica at a time. */
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KEY_ORDER_SETTINGS } from '../postgres/key-order.js';
import { KEPT_DAYS, LOST_JOB_SECONDS } from './delivery-limits.js';
import { WAKE } from './delivery-sql.js';

/** Rows per statement; well within the statement's time limit. */
const BATCH = 500;

/**
 * graphile-worker itself waits four hours, because it does not know how long a job may take. "is not null" makes the
 * planner use the index ringback_locked_jobs.
 */
const UNLOCK_LOST = `
select graphile_worker.force_unlock_workers(array(
  select distinct locked_by from graphile_worker.jobs
  where locked_by is not null and task_identifier in ('deliver', 'announce_freeze')
    and locked_at < now() - interval '${LOST_JOB_SECONDS} seconds'
))
`;

/** The callSids of calls that are older than the kept days are less than this: a callSid begins with its time. */
const OLDEST_KEPT = `
select to_char((now() - interval '${KEPT_DAYS} days') at time zone 'UTC', 'YYMMDD') as "oldestKept"
`;

/** Greater than every callSid. */
const AFTER_ALL_CALLS = '9'.repeat(33);

/** $1: the previous endpoint. Goes from key to key, so it reads one row per endpoint. */
const NEXT_ENDPOINT = `
select delivery.endpoint_id as id,
  exists (select from webhook_endpoint endpoint where endpoint.id = delivery.endpoint_id) as exists
from webhook_deliveries delivery
where delivery.endpoint_id > $1
order by delivery.endpoint_id
limit 1
`;

/**
 * $1: the endpoint's id, $2: the last callSid of the batch before, $3: the exclusive upper bound of callSids. A batch ends with
 * a call, and begins behind the last one, because an index still holds entries of removed rows. Without rows there is no result.
 */
const FORGET = `
with last as materialized (
  select max(call_sid) as call_sid from (
    select call_sid from webhook_deliveries
    where endpoint_id = $1 and call_sid > $2 and call_sid < $3
    order by call_sid, change_number
    limit ${BATCH}
  ) batch
), attempts as (
  delete from webhook_attempts
  where endpoint_id = $1 and call_sid > $2 and call_sid < $3 and call_sid <= (select call_sid from last)
), deliveries as (
  delete from webhook_deliveries
  where endpoint_id = $1 and call_sid > $2 and call_sid < $3 and call_sid <= (select call_sid from last)
)
select call_sid as "callSid" from last where call_sid is not null
`;

/** $1: a callSid. Of calls that are older, all deliveries are removed: their partitions need no space. */
const EMPTY_PARTITIONS = 'select webhook_partitions_empty($1)';

/**
 * graphile-worker 0.17 uses up a task number with every job, whether or not the task is new, and the numbers end at
 * 2^31 (graphile/worker#619; fixed in 0.18, which needs Node 22). Resetting the sequence is safe, because tasks are
 * added only at start.
 */
const SPARE_TASK_NUMBERS = `
select setval(sequence.name, (select max(id) from graphile_worker._private_tasks))
from (select pg_get_serial_sequence('graphile_worker._private_tasks', 'id') as name) sequence
where pg_sequence_last_value(sequence.name::regclass) > 1000000000
`;

@Injectable()
export class DeliveryMaintenance {
  constructor(private readonly database: DataSource) {}

  /** Unlocks the jobs of crashed processes. */
  async recover(): Promise<void> {
    await this.database.query(UNLOCK_LOST);
  }

  /** Retries everything that waits for an endpoint, after it was enabled or its URL changed. */
  async resume(endpointId: string, stop: AbortSignal): Promise<void> {
    for (let last: string | undefined = ''; last !== undefined;) {
      stop.throwIfAborted();
      const woken: { callSid: string }[] = await this.database.transaction(async (database) => {
        await database.query(KEY_ORDER_SETTINGS);
        return database.query(WAKE, [endpointId, last, BATCH, null]);
      });
      last = woken.at(-1)?.callSid;
    }
  }

  /** Removes the deliveries of calls that are older than the kept days, and all deliveries of removed endpoints. */
  async forget(stop: AbortSignal): Promise<void> {
    const [{ oldestKept }] = await this.database.query<[{ oldestKept: string }]>(OLDEST_KEPT);
    for (let endpoint = await this.endpointAfter('0'); endpoint; endpoint = await this.endpointAfter(endpoint.id)) {
      await this.forgetBefore(endpoint.exists ? oldestKept : AFTER_ALL_CALLS, endpoint.id, stop);
    }
    await this.database.query(EMPTY_PARTITIONS, [oldestKept]);
    await this.database.query(SPARE_TASK_NUMBERS);
  }

  private async endpointAfter(id: string): Promise<{ readonly id: string; readonly exists: boolean } | undefined> {
    const [endpoint] = await this.database.query<{ id: string; exists: boolean }[]>(NEXT_ENDPOINT, [id]);
    return endpoint;
  }

  private async forgetBefore(end: string, endpointId: string, stop: AbortSignal): Promise<void> {
    for (let last: string | undefined = ''; last !== undefined;) {
      stop.throwIfAborted();
      const values: unknown[] = [endpointId, last, end];
      const [batch] = await this.database.transaction(async (database) => {
        await database.query(KEY_ORDER_SETTINGS);
        return database.query<{ callSid: string }[]>(FORGET, values);
      });
      last = batch?.callSid;
    }
  }
}
