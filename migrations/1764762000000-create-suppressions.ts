// The running version survives it: it does not know the table, and goes on calling the numbers in it.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The numbers that must not be called. */
export class CreateSuppressions1764762000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table suppression (
        id bigint generated always as identity,
        phone text not null,
        reason text,
        source text,
        until timestamptz(3),
        created_at timestamptz(3) not null default now(),
        constraint suppression_pkey primary key (id)
      )
    `);
    await queryRunner.query('create unique index suppression_phone on suppression (phone)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table suppression');
  }
}
