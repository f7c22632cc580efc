// The running version survives it: its calls have no slot and are counted even so, and its rates count no callees.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which of a service line's calls at a time a call is, and which numbers a caller has called. */
export class LimitCallsFurther1764782000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record add column line_slot integer');
    await queryRunner.query('alter table recent_calls add column callees text[]');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table recent_calls drop column callees');
    await queryRunner.query('alter table call_record drop column line_slot');
  }
}
