// The running version survives it: its calls have no slot, and the index is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Decides which of two calls takes a slot of a service line. */
export class IndexCallsOfLines1764783000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists call_record_one_open_call_a_slot');
    await queryRunner.query(
      `create unique index concurrently call_record_one_open_call_a_slot on call_record (service_line_id, line_slot)
       where state < 4 and service_line_id is not null`,
    );
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index call_record_one_open_call_a_slot');
  }
}
