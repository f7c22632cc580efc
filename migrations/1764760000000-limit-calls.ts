// The running version survives it: it counts no calls, and its calls leave the new column null.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the rates of callers and callees count, and the number that has one call at a time. */
export class LimitCalls1764760000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    // Room on each page, so that an update of a row needs no new entry in the index.
    await queryRunner.query(`
      create table recent_calls (
        subject text not null,
        placed_at timestamptz[] not null,
        constraint recent_calls_pkey primary key (subject)
      ) with (fillfactor = 70)
    `);
    await queryRunner.query('alter table call_record add column taken_phone text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record drop column taken_phone');
    await queryRunner.query('drop table recent_calls');
  }
}
