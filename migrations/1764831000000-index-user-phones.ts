// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Administrators look users up by phone. */
export class IndexUserPhones1764831000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists app_user_by_phone');
    await queryRunner.query('create index concurrently app_user_by_phone on app_user (phone, id)');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index app_user_by_phone');
  }
}
