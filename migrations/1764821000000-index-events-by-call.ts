// The running version survives it: it does not know of the indexes, which are built concurrently.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `call_event_identity` becomes the primary key. `call_event_by_id` is for version 0.1.0, which looks for an event without its call. */
export class IndexEventsByCall1764821000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists call_event_identity');
    await queryRunner.query(
      'create unique index concurrently call_event_identity on call_event (call_sid, provider, event_id)',
    );
    await queryRunner.query('drop index concurrently if exists call_event_by_id');
    await queryRunner.query('create index concurrently call_event_by_id on call_event (provider, event_id)');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index if exists call_event_identity, call_event_by_id');
  }
}
