// The running version survives it: it does not know of the column, whose default means that a user is not blocked.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Stops a user without removing them. A constant default: no row is rewritten. */
export class BlockUsers1764670000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user add column blocked boolean not null default false');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table app_user drop column blocked');
  }
}
