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

const END_EXAMPLE: CallChange = {
  type: 'call.over',
  timestamp: '2026-11-24T08:01:10.021Z',
  data: {
    ...CHANGE_EXAMPLE.data,
    number: 4,
    stateType: '4',
    endReason: 'completed',
    occurredAt: '2026-11-24T08:01:10.017Z',
    provider: 'simulator',
    endedBy: 'provider',
    talkSeconds: 60,
    hasRecording: false,
    detail: null,
    route: '',
    causes: { A: { cause: 16 }, B: { cause: 16 } },
  },
};

export const ABOUT_EVENTS =
  'Each event has the number of the change as its `id`, and the change as its `data`, in one line of JSON; the schema is that of ' +
  '`data`.';

/** A change, wherever it is sent. By the schema's name: the class is the admin API's, and no arrow leads there. */
export const changeBody = () => ({
  schema: { $ref: getSchemaPath('ChangeReply') },
  examples: {
    ringing: { summary: 'The phone of the other party rings', value: CHANGE_EXAMPLE },
    over: { summary: 'The call is over', value: END_EXAMPLE },
  },
});
