// The running version survives it: it leaves the new column empty.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each rule saw and said of a call that was not placed. */
export class KeepChecksOfRefusals1764780000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`alter table call_refusal add column checks jsonb not null default '[]'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_refusal drop column checks');
  }
}
