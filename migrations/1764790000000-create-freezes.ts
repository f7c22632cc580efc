// The running version survives it: it does not know the table, and goes on placing calls that are frozen.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Calls that an administrator or a rule has stopped. */
export class CreateFreezes1764790000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table call_freeze (
        id bigint generated always as identity,
        kind text not null,
        subject text not null,
        reason text,
        frozen_by text not null,
        created_at timestamptz(3) not null default now(),
        lifted_at timestamptz(3),
        constraint call_freeze_pkey primary key (id),
        constraint call_freeze_kind_known check (kind in ('all', 'user', 'sub_account', 'country'))
      )
    `);
    await queryRunner.query(
      'create unique index call_freeze_in_force on call_freeze (kind, subject) where lifted_at is null',
    );
    await queryRunner.query('create index call_freeze_of_subject on call_freeze (kind, subject, lifted_at)');
    await queryRunner.query(`
      create function call_freeze_announce() returns trigger language plpgsql as $$
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
    await queryRunner.query(`
      create trigger call_freeze_is_announced after insert on call_freeze for each row execute function call_freeze_announce()
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table call_freeze');
    await queryRunner.query('drop function call_freeze_announce');
  }
}
