import { getSchemaPath } from '@nestjs/swagger';
import { CALL_SID } from './search/call-view.openapi.js';
import type { CallChange } from './record/call-change.js';

export const CHANGE_EXAMPLE: CallChange = {
  type: 'call.ringing',
  timestamp: '2026-11-24T08:00:02.113Z',
  data: {
    callSid: CALL_SID,
    number: 2,
    stateType: '2',
    endReason: null,
    occurredAt: '2026-11-24T08:00:02.108Z',
    callerId: '1001',
    calleeId: '2000',
    serviceLineId: null,
  },
};

export const ABOUT_EVENTS =
  'Each event has the number of the change as its `id`, and the change as its `data`, in one line of JSON; the schema is that of ' +
  '`data`.';

/** By the schema's name: the class is the admin API's, and no arrow leads there. */
export const eventStream = () => ({ schema: { $ref: getSchemaPath('ChangeReply') }, example: CHANGE_EXAMPLE });
