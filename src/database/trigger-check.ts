/** Checks the triggers that keep other tables. Without them calls work, with a fault that nobody notices. */
import type { ClientBase } from 'pg';

const TRIGGERS = [
  { name: 'call_event_announces_its_change', table: 'call_events', fault: 'no webhook would be delivered' },
  { name: 'call_record_begins', table: 'call_records', fault: 'a caller could have two calls at a time' },
  { name: 'call_record_changes', table: 'call_records', fault: 'a caller whose call is over could not call again' },
  { name: 'call_record_is_counted', table: 'call_records', fault: 'the statistics would lack calls' },
] as const;

const READ = `
select tgenabled::text as enabled from pg_trigger
where tgrelid = format('public.%I', $1::text)::regclass and tgname = $2`;

/** @throws Error if a trigger does not fire, as after a copy of the data with triggers disabled */
export const checkTriggers = async (client: ClientBase): Promise<void> => {
  for (const { name, table, fault } of TRIGGERS) {
    const { rows } = await client.query<{ enabled: string }>(READ, [table, name]);
    const enabled = rows[0]?.enabled;
    if (enabled === undefined) {
      throw new Error(
        `The trigger ${name} is missing, so ${fault}. Restore the database from a dump with its triggers.`,
      );
    }
    if (!['O', 'A'].includes(enabled)) {
      throw new Error(
        `The trigger ${name} is disabled, so ${fault}. Run this statement as the role that owns the tables, then start ` +
          `again:\n  alter table ${table} enable trigger ${name};`,
      );
    }
  }
};
