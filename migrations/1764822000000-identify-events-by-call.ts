// The running version survives it: the constraint that it names in "on conflict" keeps its name.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The primary key of a partitioned table contains the column that it is partitioned by. */
export class IdentifyEventsByCall1764822000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      alter table call_event
        drop constraint call_event_pkey,
        add constraint call_event_pkey primary key using index call_event_identity
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      alter table call_event drop constraint call_event_pkey;
      alter table call_event add constraint call_event_pkey primary key (provider, event_id);
    `);
  }
}
