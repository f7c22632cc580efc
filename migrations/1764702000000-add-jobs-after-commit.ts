// The running version survives it: its transactions do not ask for it, so the trigger goes on to add their jobs.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A job that is added notifies the workers, and PostgreSQL commits transactions that notify one after the other, each with
 * its flush to the disk. So the transaction that makes a change only writes the deliveries, where it says that it does; their
 * jobs are added after the commit, those of many changes together, and that transaction need not survive a crash: pending
 * deliveries without a job are found again by what is on record.
 */
export class AddJobsAfterCommit1764702000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(
      announceChange(`coalesce(current_setting('ringback.jobs_after_commit', true), '') <> 'on' and`),
    );
    await queryRunner.query(`
      create function webhook_add_jobs(call_sids text[]) returns void language plpgsql as $$
      declare
        due_call text;
        due_endpoint bigint;
      begin
        perform set_config('synchronous_commit', 'off', true);
        for due_call in
          select distinct delivery.call_sid
          from webhook_endpoint endpoint join webhook_delivery delivery on delivery.endpoint_id = endpoint.id
          where delivery.call_sid = any (call_sids) and delivery.state = 'pending'
          order by delivery.call_sid
        loop
          -- Of two that add jobs for one call, the second sees what the first has added.
          perform from call_record where call_sid = due_call for update;
          for due_endpoint in
            select distinct endpoint.id
            from webhook_endpoint endpoint join webhook_delivery delivery on delivery.endpoint_id = endpoint.id
            where delivery.call_sid = due_call and delivery.state = 'pending' and endpoint.disabled_at is null
            order by endpoint.id
          loop
            if not exists (
              select from graphile_worker._private_jobs job where job.key = webhook_job_key(due_endpoint, due_call)
            ) then
              perform webhook_add_job(due_endpoint, due_call);
            end if;
          end loop;
        end loop;
      end
      $$
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop function webhook_add_jobs(text[])');
    await queryRunner.query(announceChange(''));
  }
}

/** @param unless a further condition for adding a job, followed by `and` */
const announceChange = (unless: string): string => `
  create or replace function webhook_announce_change() returns trigger language plpgsql as $$
  declare
    endpoint bigint;
  begin
    for endpoint in
      select id from webhook_endpoint
      where event_types is null or new.change::json ->> 'type' = any (event_types)
      order by id
    loop
      -- Whoever settles a delivery holds this row too. So the change before this one is either still pending, and hands on
      -- to this one when it is settled; or it is not, and this one needs a job of its own.
      perform from call_record where call_sid = new.call_sid for update;
      if ${unless} not exists (
        select from webhook_delivery delivery
        where delivery.endpoint_id = endpoint and delivery.call_sid = new.call_sid and delivery.state = 'pending'
      ) then
        perform webhook_add_job(endpoint, new.call_sid);
      end if;
      insert into webhook_delivery (endpoint_id, call_sid, change_number)
      values (endpoint, new.call_sid, new.change_number);
    end loop;
    return null;
  end
  $$
`;
