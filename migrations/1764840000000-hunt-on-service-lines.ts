// The running version survives it: it does not know the columns, and rings the first number of a service line.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A service line may have several numbers, which are tried one after the other, and a call knows which they are. */
export class HuntOnServiceLines1764840000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      alter table service_line
        add column phones json,
        add column hunt text,
        add column last_phone text,
        add column last_taken_at timestamp(3) with time zone
    `);
    await queryRunner.query('alter table call_records add column hunt text[]');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query('alter table call_records drop column hunt');
    await queryRunner.query(`
      alter table service_line drop column phones, drop column hunt, drop column last_phone, drop column last_taken_at
    `);
  }
}
