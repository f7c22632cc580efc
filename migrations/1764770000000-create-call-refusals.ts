// The running version survives it: it does not know the table, and keeps none of its refusals.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The calls that were not placed. */
export class CreateCallRefusals1764770000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table call_refusal (
        id bigint generated always as identity,
        at timestamptz(3) not null default now(),
        caller_id bigint,
        caller_phone text,
        callee_id bigint,
        service_line_id bigint,
        callee_phone text,
        fault text not null,
        reason text,
        asked_by text,
        request_id text,
        count integer not null,
        constraint call_refusal_pkey primary key (id)
      )
    `);
    await queryRunner.query('create index call_refusal_by_time on call_refusal (at, id)');
    await queryRunner.query('create index call_refusal_by_caller on call_refusal (caller_id, at, id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table call_refusal');
  }
}
