// The running version survives it: it does not know of the table.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A claim, one a user and provider, lets one replica at a time make the user's sub-account at the provider.
 */
export class ClaimSubAccountCreation1764660000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '5s'`);
    await queryRunner.query(`
      create table sub_account_claim (
        user_id bigint not null,
        provider text not null,
        claim uuid not null,
        failed boolean not null default false,
        free_at timestamptz not null,
        constraint sub_account_claim_pkey primary key (user_id, provider),
        constraint sub_account_claim_user foreign key (user_id) references app_user (id) on delete cascade
      )
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table sub_account_claim');
  }
}
