// The running version survives it: it does not know the table, and writes no entries.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who did what by the admin API. */
export class CreateAudit1764751000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table audit_entry (
        id bigint generated always as identity,
        at timestamptz(3) not null default now(),
        subject text not null,
        token_id text,
        api_key_id text,
        action text not null,
        route text not null,
        target text,
        before jsonb,
        after jsonb,
        detail jsonb,
        address text not null,
        request_id text not null,
        constraint audit_entry_pkey primary key (id)
      )
    `);
    await queryRunner.query('create index audit_entry_by_time on audit_entry (at, id)');
    await queryRunner.query('create index audit_entry_by_subject on audit_entry (subject, at, id)');
    await queryRunner.query('create index audit_entry_by_action on audit_entry (action, at, id)');
    await queryRunner.query('create index audit_entry_by_target on audit_entry (target, at, id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table audit_entry');
  }
}
