// The running version survives it: it reads `open` alone, so it calls an open line outside its hours too.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a service line is open, and how many calls it has at a time. Null: always, and no limit. */
export class KeepOpeningHours1764781000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table service_line add column hours json, add column calls_at_once integer');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table service_line drop column hours, drop column calls_at_once');
  }
}
