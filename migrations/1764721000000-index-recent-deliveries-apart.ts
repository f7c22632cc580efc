// The running version survives it: its search finds the same deliveries, and reads all that wait until it is replaced.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * With `state = 'pending'`, the planner took the index by time for the deliveries of a call too, while few waited. Such a
 * plan stays in use, and reads all that wait for an endpoint that is down. `settled_at is null` is the same condition, and
 * only the search for recent deliveries has it.
 */
export class IndexRecentDeliveriesApart1764721000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A build that was broken off leaves an index that is never used, under the very name.
    await queryRunner.query('drop index concurrently if exists webhook_delivery_recent');
    await queryRunner.query(
      'create index concurrently webhook_delivery_recent on webhook_delivery (created_at) where settled_at is null',
    );
    await queryRunner.query('drop index concurrently if exists webhook_delivery_pending_since');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. So changes wait until the index is built. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `create index if not exists webhook_delivery_pending_since on webhook_delivery (created_at) where state = 'pending'`,
    );
    await queryRunner.query('drop index webhook_delivery_recent');
  }
}
