// The running version survives it: it names the columns that it writes, and PostgreSQL fills this one by its default.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The transaction that wrote a change, so that a replica can ask for exactly those that were committed since it last looked
 * (change-look.ts). Null in the rows of before: nobody waits for those.
 */
export class TellWhoWroteAChange1764700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    // By functions, for TypeORM cannot compare a default with casts. In two steps: one would give the default to the rows of before as well.
    await queryRunner.query('alter table call_event add column written_by bigint');
    await queryRunner.query(
      'alter table call_event alter column written_by set default int8in(xid8out(pg_current_xact_id()))',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('alter table call_event drop column written_by');
  }
}
