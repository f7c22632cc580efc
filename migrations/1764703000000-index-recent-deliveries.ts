// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the search for deliveries whose job was lost with its process, every few seconds, among however many that wait. */
export class IndexRecentDeliveries1764703000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // A build that was broken off leaves an index that is never used, under the very name.
    await queryRunner.query('drop index concurrently if exists webhook_delivery_pending_since');
    await queryRunner.query(
      `create index concurrently webhook_delivery_pending_since on webhook_delivery (created_at) where state = 'pending'`,
    );
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index webhook_delivery_pending_since');
  }
}
