// The running version survives it: the function has the same name, and its parts the same members.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A name of 100 characters took 0.1 ms and more, so ten thousand users took seconds. A part that a name has twice now stands
 * twice in the array. The index keeps it once, so it need not be built again.
 */
export class PartsOfNamesFaster1764841000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      create or replace function user_name_parts(name text) returns text[] language plpgsql immutable parallel safe as $$
        declare
          characters text[] := string_to_array(lower(name), null);
        begin
          return characters || array(
            select one || next from unnest(characters, characters[2:]) as pair (one, next) where next is not null
          );
        end
      $$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      create or replace function user_name_parts(name text) returns text[] language sql immutable parallel safe as $$
        select array(
          select distinct substr(lowered, place, length)
          from (select lower(name) as lowered) one, generate_series(1, length(lowered)) place, generate_series(1, 2) length
          where place + length - 1 <= length(lowered)
        )
      $$`);
  }
}
