/** A call as administrators see it: the record without internal columns. */
import type { LegCause, LegCauses } from '../../telephony/telephony-provider.js';
import { RINGBACK } from '../record/apply-call-event.js';
import { talkSeconds } from '../record/call-lifecycle.js';
import type { CallRecord } from '../record/call-record.entity.js';
import { userIdIn } from '../record/party-id.js';

export interface ShownCall extends Omit<
  Readonly<CallRecord>,
  | 'callerId'
  | 'state'
  | 'sweepAt'
  | 'deadlineAt'
  | 'turnAt'
  | 'cancelOrderedAt'
  | 'cancelOrderedBy'
  | 'checkedUntil'
  | 'longestTalkSeconds'
  | 'takenPhone'
  | 'lineSlot'
  | 'traceParent'
  | 'hunt'
  | 'causeA'
  | 'causeB'
> {
  /** Null where the caller is a phone and no user. */
  readonly callerId: string | null;
  readonly stateType: string;
  /** `admin` if an administrator ordered the hang-up that ended the call. */
  readonly canceledBy: 'admin' | null;
  readonly talkSeconds: number | null;
  readonly causes: LegCauses;
  /** In the order in which they are tried; null of a call that tries one. */
  readonly huntedPhones: readonly string[] | null;
  /** The provider's codes for the end of the leg that was reached last, as a list shows them; null if it reported none. */
  readonly providerCode: string | null;
}

/** A row of `SHOWN_COLUMNS`. */
export type ShownRow = Omit<ShownCall, 'stateType' | 'talkSeconds' | 'causes' | 'providerCode'> &
  Pick<CallRecord, 'state' | 'causeA' | 'causeB'>;

/**
 * For a row with the alias `call`.
 * @param range as SQL, with the callSids of all rows: a plan for these values leaves out the partitions beyond
 */
export const shownColumns = (range?: { readonly min: string; readonly end: string }): string => `
  call.call_sid as "callSid", ${userIdIn('call.caller_id')} as "callerId", ${userIdIn('call.callee_id')} as "calleeId",
  call.service_line_id as "serviceLineId", call.caller_phone as "callerPhone", call.callee_phone as "calleePhone",
  call.provider, call.sub_account as "subAccount", call.provider_call_id as "providerCallId", call.state,
  call.end_reason as "endReason", call.ended_by as "endedBy", call.requested_at as "requestedAt",
  call.ringing_at as "ringingAt", call.answered_at as "answeredAt", call.ended_at as "endedAt", call.recording, call.changes,
  call.hunt as "huntedPhones", call.metadata, call.placed_by as "placedBy", call.route, call.cause_a as "causeA", call.cause_b as "causeB",
  case when call.ended_by = 'cancel' then (
    select canceled.detail ->> 'by' from call_events canceled
    where canceled.call_sid = call.call_sid and canceled.provider = '${RINGBACK}'
      and canceled.event_id = call.call_sid || ':canceled'
      ${range ? `and canceled.call_sid >= ${range.min} and canceled.call_sid < ${range.end}` : ''}
  ) end as "canceledBy"`;

export const SHOWN_COLUMNS = shownColumns();

/** Drops all other columns of the row. */
export const shownCall = (row: ShownRow): ShownCall => ({
  callSid: row.callSid,
  callerId: row.callerId,
  calleeId: row.calleeId,
  serviceLineId: row.serviceLineId,
  callerPhone: row.callerPhone,
  calleePhone: row.calleePhone,
  huntedPhones: row.huntedPhones,
  provider: row.provider,
  subAccount: row.subAccount,
  providerCallId: row.providerCallId,
  stateType: String(row.state),
  endReason: row.endReason,
  endedBy: row.endedBy,
  canceledBy: row.canceledBy,
  requestedAt: row.requestedAt,
  ringingAt: row.ringingAt,
  answeredAt: row.answeredAt,
  endedAt: row.endedAt,
  talkSeconds: talkSeconds(row),
  recording: row.recording,
  changes: row.changes,
  metadata: row.metadata,
  placedBy: row.placedBy,
  route: row.route,
  causes: { A: row.causeA, B: row.causeB },
  providerCode: codeIn(row.causeB ?? row.causeA),
});

const codeIn = (cause: LegCause | null): string | null =>
  cause === null
    ? null
    : Object.entries(cause)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', ');
