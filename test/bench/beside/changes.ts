import { FIRST_CHANGE_BYTES } from '../../../src/call/record/open-call.js';
import type { Database } from './databases.js';

/** Stores the first change of each call in state 1. Without it, a follower would wait for it for ever. */
export const putFirstChanges = async (database: Database): Promise<void> => {
  await database.query(
    `insert into call_events (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change)
     select 'ringback', call_sid || ':requested', call_sid, 'requested', requested_at, requested_at, 1, ${FIRST_CHANGE_BYTES}
     from call_records where state = 1`,
  );
  await database.query('vacuum analyze call_events');
};
