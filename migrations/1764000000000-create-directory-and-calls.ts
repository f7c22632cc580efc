// No earlier version: these are the first tables.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first tables. */
export class CreateDirectoryAndCalls1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table app_user (
        id bigint constraint app_user_pkey primary key,
        name text not null,
        phone text,
        constraint app_user_id_positive check (id > 0)
      );

      create table sub_account (
        user_id bigint not null,
        provider text not null,
        external_id text not null,
        secret text not null,
        constraint sub_account_pkey primary key (user_id, provider),
        constraint sub_account_user foreign key (user_id) references app_user (id) on delete cascade
      );

      create table service_line (
        id bigint generated always as identity constraint service_line_pkey primary key,
        name text not null,
        phone text not null,
        open boolean not null,
        position integer not null
      );
      create index service_line_order on service_line (position, id);

      create table call_record (
        call_sid text constraint call_record_pkey primary key,
        caller_id bigint not null,
        callee_id bigint,
        service_line_id bigint,
        caller_phone text not null,
        callee_phone text not null,
        provider text not null,
        sub_account text not null,
        provider_call_id text,
        state smallint not null,
        end_reason text,
        ended_by text,
        requested_at timestamptz(3) not null,
        ringing_at timestamptz(3),
        answered_at timestamptz(3),
        ended_at timestamptz(3),
        changes integer not null,
        sweep_at timestamptz(3) not null,
        deadline_at timestamptz(3) not null,
        cancel_ordered_at timestamptz(3),
        constraint call_record_call_sid_shape check (call_sid ~ '^[0-9]{32}$'),
        constraint call_record_state_range check (state between 1 and 4),
        constraint call_record_end_known
          check ((state = 4) = (end_reason is not null and ended_by is not null and ended_at is not null)),
        constraint call_record_one_target check ((callee_id is null) <> (service_line_id is null))
      );
      create unique index call_record_one_open_call_a_caller on call_record (caller_id) where state < 4;
      create index call_record_to_sweep on call_record (sweep_at) where state < 4;

      create table call_event (
        provider text not null,
        event_id text not null,
        call_sid text not null,
        type text not null,
        occurred_at timestamptz(3) not null,
        received_at timestamptz(3) not null default now(),
        detail jsonb,
        receipt text,
        change_number integer,
        change text,
        constraint call_event_pkey primary key (provider, event_id),
        constraint call_event_change_complete check ((change_number is null) = (change is null))
      );
      create unique index call_event_change on call_event (call_sid, change_number) where change_number is not null;
      create index call_event_call_sid on call_event (call_sid, received_at);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table call_event, call_record, service_line, sub_account, app_user');
  }
}
