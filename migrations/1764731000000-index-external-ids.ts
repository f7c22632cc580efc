// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A token that names its user by an external id is looked up by it. Not a deferrable constraint, with which the version before
 * could create no users: its `on conflict do nothing` would fail.
 */
export class IndexExternalIds1764731000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists app_user_external_id');
    await queryRunner.query('create unique index concurrently app_user_external_id on app_user (external_id)');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index app_user_external_id');
  }
}
