// The running version survives it: it does not write the column.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The constraint takes over the index, so it scans nothing. It is checked at the end of a statement and not at each row, so that
 * one request can move an external id from one user to another.
 */
export class MakeExternalIdsUnique1764732000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      alter table app_user add constraint app_user_external_id unique using index app_user_external_id
        deferrable initially immediate
    `);
  }

  /** The constraint takes its index with it. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user drop constraint app_user_external_id');
  }
}
