// The running version survives it: it runs the jobs as before, without the limit for one endpoint.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The flag lets a worker pass over announcements to an endpoint that has no free slot, as it does with deliveries. */
export class AnnounceFreezesInTurn1764791000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create function call_freeze_add_job(freeze_id bigint, endpoint_id bigint) returns bigint language plpgsql as $$
      begin
        return (graphile_worker.add_job(
          'announce_freeze',
          json_build_object('endpointId', endpoint_id::text, 'freezeId', freeze_id::text),
          job_key => 'freeze:' || freeze_id || ':' || endpoint_id,
          max_attempts => 12,
          flags => array['endpoint:' || endpoint_id]
        )).id;
      end
      $$
    `);
    await queryRunner.query(`
      create or replace function call_freeze_announce() returns trigger language plpgsql as $$
      declare
        endpoint bigint;
      begin
        for endpoint in
          select id from webhook_endpoint
          where disabled_at is null and (event_types is null or 'protection.frozen' = any (event_types))
          order by id
        loop
          perform call_freeze_add_job(new.id, endpoint);
        end loop;
        return null;
      end
      $$
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create or replace function call_freeze_announce() returns trigger language plpgsql as $$
      declare
        endpoint bigint;
      begin
        for endpoint in
          select id from webhook_endpoint
          where disabled_at is null and (event_types is null or 'protection.frozen' = any (event_types))
          order by id
        loop
          perform graphile_worker.add_job(
            'announce_freeze',
            json_build_object('endpointId', endpoint::text, 'freezeId', new.id::text),
            job_key => 'freeze:' || new.id || ':' || endpoint,
            max_attempts => 12
          );
        end loop;
        return null;
      end
      $$
    `);
    await queryRunner.query('drop function call_freeze_add_job');
  }
}
