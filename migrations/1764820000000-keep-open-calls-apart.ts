// The running version survives it: triggers keep the new table for it, and its insert of a call finds a taken caller as before.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What an open call takes: its caller, the callee's phone, a slot of its service line. Unique indexes of call_record cannot
 * hold across partitions, and the indexes of this small table do. With what a second request is told of the call: who is called,
 * and who placed it, which never change.
 */
export class KeepOpenCallsApart1764820000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      create table open_call (
        call_sid text constraint open_call_pkey primary key,
        caller_id bigint not null,
        callee_id bigint,
        taken_phone text,
        service_line_id bigint,
        line_slot integer,
        placed_by text
      );
      create unique index open_call_of_caller on open_call (caller_id);
      create unique index open_call_of_callee on open_call (taken_phone);
      create unique index open_call_of_slot on open_call (service_line_id, line_slot) where service_line_id is not null;

      -- Returning null leaves the call out, as "on conflict do nothing" does.
      create function open_call_begins() returns trigger language plpgsql as $$
      begin
        insert into open_call (call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by)
        values (new.call_sid, new.caller_id, new.callee_id, new.taken_phone, new.service_line_id, new.line_slot, new.placed_by)
        on conflict do nothing;
        if found then return new; end if;
        return null;
      end
      $$;

      create function open_call_changes() returns trigger language plpgsql as $$
      begin
        if tg_op = 'DELETE' or new.state = 4 then
          delete from open_call where call_sid = old.call_sid;
        elsif old.state = 4 then
          insert into open_call (call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by)
          values (new.call_sid, new.caller_id, new.callee_id, new.taken_phone, new.service_line_id, new.line_slot, new.placed_by);
        else
          update open_call
          set caller_id = new.caller_id, taken_phone = new.taken_phone, service_line_id = new.service_line_id,
            line_slot = new.line_slot
          where call_sid = old.call_sid;
        end if;
        return null;
      end
      $$;

      -- The first trigger locks the table, so no call opens or ends between it and the copy.
      create trigger call_record_begins before insert on call_record
      for each row when (new.state < 4) execute function open_call_begins();
      create trigger call_record_changes after update on call_record
      for each row when (
        (old.state = 4) <> (new.state = 4)
        or new.state < 4 and (
          old.caller_id <> new.caller_id or old.taken_phone is distinct from new.taken_phone
          or old.service_line_id is distinct from new.service_line_id or old.line_slot is distinct from new.line_slot)
      ) execute function open_call_changes();
      create trigger call_record_is_removed after delete on call_record
      for each row when (old.state < 4) execute function open_call_changes();

      insert into open_call (call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by)
      select call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by from call_record where state < 4;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '500ms'`);
    await queryRunner.query(`
      drop trigger call_record_begins on call_record;
      drop trigger call_record_changes on call_record;
      drop trigger call_record_is_removed on call_record;
      drop function open_call_begins, open_call_changes;
      drop table open_call;
    `);
  }
}
