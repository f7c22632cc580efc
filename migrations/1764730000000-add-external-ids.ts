// The running version survives it: it does not know of the column, and null means a user without such an id.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A user's id in the app's own system or at its identity provider, which need not be a Long. No row is rewritten. */
export class AddExternalIds1764730000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user add column external_id text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user drop column external_id');
  }
}
