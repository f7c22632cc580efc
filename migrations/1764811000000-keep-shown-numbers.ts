// The running version survives it: it does not know the columns, and shows the numbers of the settings.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A user and a service line may have numbers of their own that phones show. */
export class KeepShownNumbers1764811000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user add column shown json');
    await queryRunner.query('alter table service_line add column shown json');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user drop column shown');
    await queryRunner.query('alter table service_line drop column shown');
  }
}
