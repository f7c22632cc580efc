// The running version survives it: it does not know the columns, and dials the number without its extension.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A user’s or a service line’s phone may be behind a switchboard. */
export class KeepExtensions1764810000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user add column phone_with_extension text');
    await queryRunner.query('alter table service_line add column phone_with_extension text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user drop column phone_with_extension');
    await queryRunner.query('alter table service_line drop column phone_with_extension');
  }
}
