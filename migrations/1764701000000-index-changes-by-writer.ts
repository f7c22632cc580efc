// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the look of each replica, twice a second: it reads what is new and nothing else. */
export class IndexChangesByWriter1764701000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A build that was broken off leaves an index that is never used, under the very name.
    await queryRunner.query('drop index concurrently if exists call_event_written_by');
    await queryRunner.query(
      `create index concurrently call_event_written_by on call_event (written_by)
       where written_by is not null and change_number is not null`,
    );
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index call_event_written_by');
  }
}
