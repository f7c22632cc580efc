// The running version survives it: a null turn_at means that the call may have been dialled.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Providers have limits, which all replicas keep together: who may dial next, and which open calls count. */
export class TakeTurnsAtProviders1764500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `create table provider_turn (
         provider text constraint provider_turn_pkey primary key,
         next_at timestamptz not null
       )`,
    );
    await queryRunner.query('alter table call_record add column turn_at timestamptz');
    await queryRunner.query('update call_record set turn_at = requested_at where state < 4');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table provider_turn; alter table call_record drop column turn_at');
  }
}
