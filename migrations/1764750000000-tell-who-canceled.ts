// The running version survives it: it names the columns that it writes, and null means the caller or the backend that placed the call.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether an administrator ordered the hang-up, for the process that carries it out. */
export class TellWhoCanceled1764750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record add column cancel_ordered_by text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_record drop column cancel_ordered_by');
  }
}
