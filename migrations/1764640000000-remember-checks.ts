// The running version survives it: it does not know of the column, and null means that no request has had the call checked.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when no request of the caller has the call checked again. */
export class RememberChecks1764640000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record add column checked_until timestamptz(3)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record drop column checked_until');
  }
}
