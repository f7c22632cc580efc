// The running version survives it: it names the columns that it writes, and null means a call without a trace.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The span that placed the call, as W3C's traceparent: what happens to the call later belongs to the same trace. */
export class KeepTraces1764763000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record add column trace_parent text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record drop column trace_parent');
  }
}
