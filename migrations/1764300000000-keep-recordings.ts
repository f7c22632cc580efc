// The running version survives it, but waits while the index is built: it is not built concurrently.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What came with providers other than the simulator: recordings, and events that name the provider's own call alone. */
export class KeepRecordings1764300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table call_record add column recording text');
    await queryRunner.query(
      'create index call_record_open_at_provider on call_record (provider, provider_call_id) where state < 4',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index call_record_open_at_provider; alter table call_record drop column recording');
  }
}
