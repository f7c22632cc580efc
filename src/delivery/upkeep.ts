/** What keeps deliveries going, and their tables from growing. Run as jobs, so by one replica at a time. */
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KEPT_DAYS, LOST_JOB_SECONDS } from './delivery-limits.js';
import { WAKE } from './delivery-sql.js';

/** Rows that one statement handles: well within the time that a statement has. */
const BATCH = 500;

/** graphile-worker itself waits four hours, not knowing how long a job may take. */
const UNLOCK_LOST = `
select graphile_worker.force_unlock_workers(array(
  select distinct locked_by from graphile_worker.jobs
  where task_identifier = 'deliver' and locked_at < now() - interval '${LOST_JOB_SECONDS} seconds'
))
`;

/** A callSid begins with its time. Deliveries of an endpoint that was removed go at once. */
const FORGET = `
delete from webhook_delivery
where ctid = any(array(
  select ctid from webhook_delivery
  where call_sid < to_char((now() - interval '${KEPT_DAYS} days') at time zone 'UTC', 'YYMMDD')
    or endpoint_id <> all (array(select id from webhook_endpoint))
  limit ${BATCH}
))
`;

/**
 * graphile-worker 0.17 takes a number for a task at every job that is added, whether or not the task is new, and they end
 * at 2^31 (graphile/worker#619; 0.18 mends it, and needs Node 22). Going back is safe: no task is ever new but at start.
 */
const SPARE_TASK_NUMBERS = `
select setval(sequence.name, (select max(id) from graphile_worker._private_tasks))
from (select pg_get_serial_sequence('graphile_worker._private_tasks', 'id') as name) sequence
where pg_sequence_last_value(sequence.name::regclass) > 1000000000
`;

@Injectable()
export class Upkeep {
  constructor(private readonly database: DataSource) {}

  /** Lets go of jobs whose process has died. */
  async recover(): Promise<void> {
    await this.database.query(UNLOCK_LOST);
  }

  /** Has everything that waits for an endpoint tried at once; it has been enabled, or leads elsewhere now. */
  async resume(endpointId: string): Promise<void> {
    for (let last: string | undefined = ''; last !== undefined;) {
      const woken: { callSid: string }[] = await this.database.query(WAKE, [endpointId, last, BATCH, null]);
      last = woken.at(-1)?.callSid;
    }
  }

  async forget(): Promise<void> {
    for (let removed = BATCH; removed === BATCH;) {
      [, removed] = await this.database.query<[unknown, number]>(FORGET);
    }
    await this.database.query(SPARE_TASK_NUMBERS);
  }
}
