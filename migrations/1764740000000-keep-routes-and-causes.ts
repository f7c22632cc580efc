// The running version survives it: it names the columns that it writes, and null in the new ones means that nothing is known.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The route of a call, and how each of its legs ended, for the change of its end. No row is rewritten. json and not jsonb, which
 * would come back with other bytes.
 */
export class KeepRoutesAndCauses1764740000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(
      'alter table call_record add column route text, add column cause_a json, add column cause_b json',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record drop column route, drop column cause_a, drop column cause_b');
  }
}
