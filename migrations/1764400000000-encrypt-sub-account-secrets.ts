// The running version survives it as long as no sub-account is stored: it would read ciphertext as the secret.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Names the key that a secret is encrypted with; null: it is not encrypted.
 */
export class EncryptSubAccountSecrets1764400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table sub_account add column key_name text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      do $$ begin
        if exists (select from sub_account where key_name is not null) then
          raise exception 'sub_account holds encrypted secrets, which nobody could read without key_name';
        end if;
      end $$;
      alter table sub_account drop column key_name;
    `);
  }
}
