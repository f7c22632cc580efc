// The running version survives it: its calls have no taken phone, and the index is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Decides which of two calls to one number is placed. */
export class IndexTakenPhones1764761000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists call_record_one_open_call_a_callee');
    await queryRunner.query(
      'create unique index concurrently call_record_one_open_call_a_callee on call_record (taken_phone) where state < 4',
    );
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index call_record_one_open_call_a_callee');
  }
}
