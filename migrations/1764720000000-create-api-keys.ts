// The running version survives it: it does not know the table. It refuses API keys, as it refuses any token that is no JWT.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys for backends without an identity provider. */
export class CreateApiKeys1764720000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table api_key (
        id bigint generated always as identity,
        name text not null,
        scopes text[] not null,
        prefix text not null,
        hash text not null,
        first_id bigint,
        created_by text not null,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3),
        rotated_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        constraint api_key_pkey primary key (id)
      )
    `);
    await queryRunner.query('create unique index api_key_hash on api_key (hash)');
    await queryRunner.query('create index api_key_not_revoked on api_key (id) where revoked_at is null');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table api_key');
  }
}
