// The running version survives it: it does not know of the index, which is built beside the traffic.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Administrators look users up by a part of the name. The index has each character and each two neighbours of a name: Chinese
 * names are searched for by one or two characters, of which trigrams (pg_trgm) find none. No extension is needed.
 */
export class IndexUserNames1764832000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction. It blocks nobody, so it may wait: no lock_timeout. */
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create or replace function user_name_parts(name text) returns text[] language sql immutable parallel safe as $$
        select array(
          select distinct substr(lowered, place, length)
          from (select lower(name) as lowered) one, generate_series(1, length(lowered)) place, generate_series(1, 2) length
          where place + length - 1 <= length(lowered)
        )
      $$`);
    // An interrupted build leaves an index under this name that is never used.
    await queryRunner.query('drop index concurrently if exists app_user_by_name');
    await queryRunner.query('create index concurrently app_user_by_name on app_user using gin (user_name_parts(name))');
  }

  /** Not concurrently: TypeORM undoes inside a transaction. Dropping takes no time, once it has its lock. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index app_user_by_name');
    await queryRunner.query('drop function user_name_parts(text)');
  }
}
