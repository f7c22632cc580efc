// The running version survives it: the function has the same name, argument and effect.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Looks for the pending deliveries of one endpoint and one call at a time, which is a look-up in a key. As a join, the plan
 * could read all pending deliveries, of which there are millions while an endpoint is down.
 */
export class AddJobsByEndpoint1764722000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create or replace function webhook_add_jobs(call_sids text[]) returns void language plpgsql as $$
      declare
        due_call text;
        due_endpoint bigint;
      begin
        perform set_config('synchronous_commit', 'off', true);
        for due_call in select distinct call_sid from unnest(call_sids) as call (call_sid) order by call_sid loop
          for due_endpoint in select id from webhook_endpoint where disabled_at is null order by id loop
            if exists (
              select from webhook_delivery delivery
              where delivery.endpoint_id = due_endpoint and delivery.call_sid = due_call and delivery.state = 'pending'
            ) then
              -- Of two that add jobs for one call, the second sees what the first has added.
              perform from call_record where call_sid = due_call for update;
              if not exists (
                select from graphile_worker._private_jobs job where job.key = webhook_job_key(due_endpoint, due_call)
              ) then
                perform webhook_add_job(due_endpoint, due_call);
              end if;
            end if;
          end loop;
        end loop;
      end
      $$
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create or replace function webhook_add_jobs(call_sids text[]) returns void language plpgsql as $$
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
}
