import { changeBytes } from '../../../src/call/call-change.js';
import type { Database } from './databases.js';

const CHANGE = changeBytes({
  type: `'call.requested'`,
  receivedAt: 'requested_at',
  callSid: 'call_sid',
  number: '1',
  state: '1',
  endReason: 'null::text',
  occurredAt: 'requested_at',
  callerId: 'caller_id',
  calleeId: 'callee_id',
  serviceLineId: 'service_line_id',
});

/** What is told of calls in state 1. Without it, whoever follows one would look for its first change for ever. */
export const putFirstChanges = async (database: Database): Promise<void> => {
  await database.query(
    `insert into call_event (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change)
     select 'ringback', call_sid || ':requested', call_sid, 'requested', requested_at, requested_at, 1, ${CHANGE}
     from call_record where state = 1`,
  );
  await database.query('vacuum analyze call_event');
};
