// The running version survives it: it names the columns that it writes, and null in the new ones means a call of an app's client.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a backend says of a call that it places, and the keys under which it may say so again without a second call. */
export class PlaceCallsByBackend1764710000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      alter table call_record
        add column metadata jsonb,
        add column placed_by text,
        add column longest_talk_seconds integer
    `);
    await queryRunner.query(`
      create table idempotent_request (
        principal text not null,
        key text not null,
        body_hash text not null,
        call_sid text not null,
        created_at timestamptz(3) not null default now(),
        answered boolean not null default false,
        constraint idempotent_request_pkey primary key (principal, key)
      )
    `);
    await queryRunner.query('create index idempotent_request_by_age on idempotent_request (created_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table idempotent_request');
    await queryRunner.query(
      'alter table call_record drop column metadata, drop column placed_by, drop column longest_talk_seconds',
    );
  }
}
