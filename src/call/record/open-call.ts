/**
 * Record first (design rule 2): one statement creates the record, or finds the caller's open call. The unique index on
 * open calls decides, so concurrent requests create at most one call, even across replicas.
 */
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { RINGBACK } from './apply-call-event.js';
import { changeBytes } from './call-change.js';
import { UNSETTLED_DIAL_SECONDS } from './call-limits.js';
import { JOBS_AFTER_COMMIT } from './jobs-after-commit.js';

export interface CallToOpen {
  readonly callSid: string;
  readonly callerId: string;
  readonly callerPhone: string;
  /** Null for a service line, which has its own id instead. */
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
  readonly calleePhone: string;
  readonly provider: string;
  readonly subAccount: string;
  /** Because of its provider's limits (provider-rate-limit.ts). */
  readonly waitsForDialSlot: boolean;
  readonly dialTimeoutSeconds: number;
  readonly longestRequestedSeconds: number;
}

export interface RunningCall {
  readonly callSid: string;
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
}

/** The open call: the new one, or the one that was already open. */
export interface OpenCall extends RunningCall {
  readonly isNew: boolean;
  /** The bytes of the first change of a new call, for publishing. */
  readonly change: string | null;
}

export const findRunning = preparedStatement<RunningCall>(
  'running-call',
  `select call_sid as "callSid", callee_id as "calleeId", service_line_id as "serviceLineId" from call_record
   where caller_id = $1 and state < 4`,
);

/** The SQL of a call's first change, from the columns of its row. */
export const FIRST_CHANGE_BYTES = changeBytes({
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

/**
 * 1. `opened`: inserts the call, unless the caller has an open one.
 * 2. `event`: its first event, with the bytes of its first change.
 * The result is the new call or, without one, the caller's open call.
 */
const openOrFind = preparedStatement<OpenCall>(
  'open-call',
  `
with opened as (
  insert into call_record
    (call_sid, caller_id, callee_id, service_line_id, caller_phone, callee_phone, provider, sub_account, state,
     requested_at, changes, sweep_at, deadline_at, turn_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, 1, now(), 1,
     now() + $9 * interval '1 second', now() + $10 * interval '1 second',
     case when $11::boolean then 'infinity' else now() end)
  on conflict (caller_id) where state < 4 do nothing
  returning call_sid, caller_id, callee_id, service_line_id, requested_at
), event as (
  insert into call_event (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change)
  select '${RINGBACK}', call_sid || ':requested', call_sid, 'requested', requested_at, requested_at, 1, ${FIRST_CHANGE_BYTES}
  from opened
  returning change
)
select call_sid as "callSid", true as "isNew", callee_id as "calleeId", service_line_id as "serviceLineId",
  change, ${JOBS_AFTER_COMMIT}
from opened, event
union all
select call_sid, false, callee_id, service_line_id, null, null from call_record
where caller_id = $2 and state < 4 and not exists (select from opened)
`,
);

/** An attempt fails only if another call of the caller opens or ends in between. */
const ATTEMPTS = 5;

export const openCall = async (database: DataSource, call: CallToOpen): Promise<OpenCall> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [open] = await openOrFind(database, [
      call.callSid,
      call.callerId,
      call.calleeId,
      call.serviceLineId,
      call.callerPhone,
      call.calleePhone,
      call.provider,
      call.subAccount,
      call.dialTimeoutSeconds + UNSETTLED_DIAL_SECONDS,
      call.longestRequestedSeconds,
      call.waitsForDialSlot,
    ]);
    if (open) return open;
  }
  throw new Error(`caller ${call.callerId} opened and ended ${ATTEMPTS} calls while one was being placed`);
};
