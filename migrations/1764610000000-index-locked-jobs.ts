// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each minute one replica looks for jobs whose process has died. Without the index it reads every job there is, and while an
 * endpoint is disabled or away there may be a million. Only jobs that a worker has taken are in the index.
 */
export class IndexLockedJobs1764610000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A build that was broken off leaves an index that is never used, under the very name.
    await queryRunner.query('drop index concurrently if exists graphile_worker.ringback_locked_jobs');
    await queryRunner.query(
      `create index concurrently ringback_locked_jobs on graphile_worker._private_jobs (locked_by)
       where locked_by is not null`,
    );
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index graphile_worker.ringback_locked_jobs');
  }
}
