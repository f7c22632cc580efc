// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each replica reads all blocked users, again and again; they are few among all users. */
export class IndexBlockedUsers1764671000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A build that was broken off leaves an index that is never used, under the very name.
    await queryRunner.query('drop index concurrently if exists app_user_blocked');
    await queryRunner.query('create index concurrently app_user_blocked on app_user (id) where blocked');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index app_user_blocked');
  }
}
