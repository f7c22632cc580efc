// The running version survives it: it does not know the table.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is signed in to the desk. */
export class CreateDeskSessions1764830000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table desk_session (
        id bigint generated always as identity,
        hash text not null,
        subject text not null,
        scopes text[] not null,
        signed_in_by text not null,
        link_id text,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3) not null,
        ended_at timestamptz(3),
        constraint desk_session_pkey primary key (id)
      )
    `);
    await queryRunner.query('create unique index desk_session_hash on desk_session (hash)');
    await queryRunner.query('create unique index desk_session_link on desk_session (link_id)');
    await queryRunner.query('create index desk_session_by_end on desk_session (expires_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table desk_session');
  }
}
