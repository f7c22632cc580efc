// The running version survives it: the indexes are built beside the traffic, and it does not know of them.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEXES = [
  ['call_record_by_caller', 'caller_id'],
  ['call_record_by_callee', 'callee_id'],
  ['call_record_by_caller_phone', 'caller_phone'],
  ['call_record_by_callee_phone', 'callee_phone'],
  ['call_record_by_provider', 'provider'],
  ['call_record_by_end_reason', 'end_reason'],
] as const;

/**
 * Each index ends in the call_sid, which is the order of the search. Each holds only calls that are over: a call that is
 * under way is a new row version at every event, and would be written to all of them every time.
 */
export class IndexCallSearch1764200000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, column] of INDEXES) {
      // A build that was broken off leaves an index that is never used, under the very name.
      await queryRunner.query(`drop index concurrently if exists ${name}`);
      await queryRunner.query(`create index concurrently ${name} on call_record (${column}, call_sid) where state = 4`);
    }
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop index ${INDEXES.map(([name]) => name).join(', ')}`);
  }
}
