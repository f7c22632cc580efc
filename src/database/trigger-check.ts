/** Checks the trigger that writes the deliveries of a change. Without it calls work, and no webhook is ever sent. */
import type { ClientBase } from 'pg';

const TRIGGER = 'call_event_announces_its_change';

/** @throws Error if the trigger does not fire, as after a copy of the data with triggers disabled */
export const checkTrigger = async (client: ClientBase): Promise<void> => {
  const { rows } = await client.query<{ enabled: string }>(
    `select tgenabled::text as enabled from pg_trigger where tgrelid = 'public.call_event'::regclass and tgname = $1`,
    [TRIGGER],
  );
  const enabled = rows[0]?.enabled;
  if (enabled === undefined) {
    throw new Error(
      `The trigger ${TRIGGER} is missing, so no webhook would be delivered. Restore the database from a dump with its triggers.`,
    );
  }
  if (!['O', 'A'].includes(enabled)) {
    throw new Error(
      `The trigger ${TRIGGER} is disabled, so no webhook would be delivered. Run this statement as the role that owns the ` +
        `tables, then start again:\n  alter table call_event enable trigger ${TRIGGER};`,
    );
  }
};
