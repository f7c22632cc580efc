// The running version survives it: a trigger notes the calls that end, whichever version ends them.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Statistics of calls. Whoever ends a call, or amends one that is over, appends a row to end_to_count and locks nothing else.
 * A worker counts these rows into call_statistics. statistics_progress says how far calls of before have been counted.
 */
export class KeepStatistics1764832000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      create table call_statistics (
        grouped_by text not null,
        minutes smallint not null,
        starts_at timestamptz not null,
        key text not null,
        calls integer not null,
        answered integer not null,
        talk_seconds bigint not null,
        completed integer not null,
        canceled integer not null,
        busy integer not null,
        no_answer integer not null,
        rejected integer not null,
        unreachable integer not null,
        failed integer not null,
        lost integer not null,
        ringing_delays bytea not null,
        answer_delays bytea not null,
        constraint call_statistics_pkey primary key (grouped_by, minutes, starts_at, key)
      );

      create table end_to_count (
        id bigint generated always as identity,
        requested_at timestamptz(3) not null,
        provider text not null,
        service_line_id bigint,
        callee_phone text not null,
        old_end_reason text,
        old_ringing_at timestamptz(3),
        old_answered_at timestamptz(3),
        old_ended_at timestamptz(3),
        end_reason text,
        ringing_at timestamptz(3),
        answered_at timestamptz(3),
        ended_at timestamptz(3),
        constraint end_to_count_pkey primary key (id)
      );

      create table statistics_progress (
        id smallint not null,
        fill_until timestamptz(3) not null,
        next_at timestamptz(3),
        constraint statistics_progress_pkey primary key (id),
        constraint statistics_progress_one_row check (id = 1)
      );

      create function call_end_to_count() returns trigger language plpgsql as $$
      begin
        insert into end_to_count (requested_at, provider, service_line_id, callee_phone,
          old_end_reason, old_ringing_at, old_answered_at, old_ended_at, end_reason, ringing_at, answered_at, ended_at)
        values (new.requested_at, new.provider, new.service_line_id, new.callee_phone,
          old.end_reason, old.ringing_at, old.answered_at, old.ended_at,
          new.end_reason, new.ringing_at, new.answered_at, new.ended_at);
        return null;
      end
      $$;

      -- A record has an end reason if it is over, and only then. The trigger locks the table, so all later ends are noted.
      create trigger call_record_is_counted after update on call_records
      for each row when (
        (old.state = 4 or new.state = 4) and (
          old.end_reason is distinct from new.end_reason or old.ringing_at is distinct from new.ringing_at
          or old.answered_at is distinct from new.answered_at or old.ended_at is distinct from new.ended_at)
      ) execute function call_end_to_count();

      insert into statistics_progress (id, fill_until) values (1, clock_timestamp());
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      drop trigger call_record_is_counted on call_records;
      drop function call_end_to_count;
      drop table statistics_progress, end_to_count, call_statistics;
    `);
  }
}
