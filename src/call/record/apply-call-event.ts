/**
 * `call-lifecycle.ts` as one SQL statement. It locks the call, stores the event once, moves the record by the rule and
 * numbers the change. Whatever the order of events and the number of connections, each statement sees the call as the
 * one before has left it. An event of a provider that has refused the call, and so no longer carries it, is stored but
 * moves nothing.
 */
import type { DataSource } from 'typeorm';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { changeBytes } from './call-change.js';
import { JOBS_AFTER_COMMIT, needsJobs } from './jobs-after-commit.js';
import { CANCEL_LEASE_SECONDS, probeIn } from './call-limits.js';
import {
  END_AUTHORITIES,
  END_REASONS,
  EVENT_RULES,
  saysNeverPlaced,
  type CallEventType,
  type EndReason,
} from './call-lifecycle.js';
import type { EndFacts } from './end-fault.js';

export interface EventToApply {
  /** The source: a provider's name, or RINGBACK. */
  readonly provider: string;
  readonly eventId: string;
  readonly callSid: string;
  readonly type: CallEventType;
  /** Null for our own events: the database's now(). */
  readonly occurredAt: Date | null;
  readonly endReason?: EndReason | undefined;
  readonly providerCallId?: string | null | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  readonly receipt?: string | null | undefined;
  readonly recording?: string | undefined;
  readonly causes?: ProviderEvent['causes'] | undefined;
  /** Of an event about a number of a hunt, from 1. */
  readonly place?: number | undefined;
}

/** The value of the `provider` column for our own events. */
export const RINGBACK = 'ringback';

/**
 * unknown_call: not stored. applied: stored, whether or not it moved the call. repeated: the event was stored before;
 * nothing changed. replayed: as repeated, by the very same delivery. too_late: an event of ours that applies only to
 * open calls, or only to those that no provider has placed; not stored.
 */
export type Applied = 'unknown_call' | 'applied' | 'repeated' | 'replayed' | 'too_late';

export interface Application {
  readonly applied: Applied;
  /** The bytes of the change that the event made, for publishing; null if it made none. */
  readonly change: string | null;
  /** Whether an endpoint is told of it. */
  readonly needsJobs: boolean;
  /** If the event ended the call; null for a later correction of its end. */
  readonly end: CallEnd | null;
  /** The sweeper has closed the call without its provider's word, and this event says that it goes on there. */
  readonly livesOn: boolean;
}

/** Times are in seconds. Null if the call was not rung or not answered. */
export interface CallEnd extends EndFacts {
  readonly provider: string;
  /** From the request. The provider's clock may differ from the database's; never below 0. */
  readonly ringingSeconds: number | null;
  /** From the request. */
  readonly answerSeconds: number | null;
  readonly talkSeconds: number | null;
}

const textArray = (items: readonly string[]): string => `array[${items.map((item) => `'${item}'`).join(', ')}]::text[]`;
const rankOfAuthority = (column: string): string => `array_position(${textArray(END_AUTHORITIES)}, ${column})`;
const rankOfReason = (column: string): string => `array_position(${textArray(END_REASONS)}, ${column})`;

/** Of two reports of a leg's end, the one with more fields, which is the greater jsonb: the order of the two does not matter. */
const fullerOf = (one: string, other: string): string =>
  `case when ${other} is null or ${one}::jsonb >= ${other}::jsonb then ${one} else ${other} end`;

/** A call may have its own limit for state 3. */
const LONGEST_STAY = `interval '1 second' * coalesce(
  case when numbered.next_state = 3 then numbered.longest_talk_seconds end, numbered.longest_stays[numbered.next_state])`;

/**
 * When an accepted cancel is due at the latest, whatever else happens. Null, and so no bound for `least`, without a
 * cancel.
 */
const CANCEL_DUE_AT = `numbered.cancel_ordered_at + interval '${CANCEL_LEASE_SECONDS} seconds'`;

/** Null if one of the two is; `greatest` alone would make that 0. */
const seconds = (from: string, to: string): string =>
  `case when ${to} - ${from} is not null then greatest(0, extract(epoch from ${to} - ${from})) end`;

/** Of the `numbered` call, as CallEnd. With `exists` in place of the count, a kept plan would scan the table. */
const CALL_END = `json_build_object(
  'provider', numbered.provider,
  'endReason', numbered.next_end_reason,
  'endedBy', numbered.next_ended_by,
  'hasReachedCallee', coalesce(numbered.next_ringing_at, numbered.next_answered_at) is not null or 0 < (
    select count(*) from call_events earlier where earlier.call_sid = $1 and earlier.type = 'caller_answered'),
  'wasDialed', numbered.next_provider_call_id is not null or coalesce(numbered.turn_at <= clock_timestamp(), true),
  'ringingSeconds', ${seconds('numbered.requested_at', 'numbered.next_ringing_at')},
  'answerSeconds', ${seconds('numbered.requested_at', 'numbered.next_answered_at')},
  'talkSeconds', ${seconds('numbered.next_answered_at', 'numbered.next_ended_at')})`;

const CHANGE_BYTES = changeBytes({
  type: `case
    when next_state = state then 'call.amended'
    else (array['call.requested', 'call.ringing', 'call.answered', 'call.over'])[next_state] end`,
  receivedAt: 'received_at',
  callSid: 'call_sid',
  number: 'changes + 1',
  state: 'next_state',
  endReason: 'next_end_reason',
  occurredAt: 'occurred_at',
  callerId: 'caller_id',
  calleeId: 'callee_id',
  serviceLineId: 'service_line_id',
  metadata: 'metadata',
  end: {
    isOver: 'next_state = 4',
    provider: 'provider',
    endedBy: 'next_ended_by',
    talkSeconds: `round(${seconds('next_answered_at', 'next_ended_at')})::int`,
    hasRecording: 'next_recording is not null',
    detail: 'detail',
    route: 'route',
    causeA: 'next_cause_a',
    causeB: 'next_cause_b',
  },
});

/**
 * The number at which a hunt is, which only moves on: a number that has ended gives way to the next. The answer and the end of
 * the call are those of their own number.
 */
const HUNTED_PHONE = `
  case when counted.place is null or call.hunt is null then call.callee_phone else coalesce(
    call.hunt[greatest(
      array_position(call.hunt, call.callee_phone), counted.place + (counted.fact = 'leg_ended')::integer)],
    call.callee_phone) end`;

/**
 * 1. `given`: the parameters by name. `detail` is JSON text: jsonb would come back with other bytes.
 * 2. `call`: locks the call's row.
 * 3. `counted`: the event; its effects are null if its source is not the call's current provider or Ringback.
 * 4. `judged`: the next state and times, and whether the event's end outranks the recorded one (`wins`). Empty if the
 *    event applies only to an open call and the call is over, or says that a call was not placed, and its provider has told otherwise.
 * 5. `ended`: the end that holds from now on.
 * 6. `next`: a canceled call that was answered is `completed`.
 * 7. `numbered`: the time of receipt, and whether anything changed that clients are told of. A recording counts once the
 *    call is over: before, the end reports it.
 * 8. `event`: stores the event, with the bytes of its change. A repeat stores nothing.
 * 9. `moved`: updates the call, only if `event` stored a row. Returns what metrics need of a call that is over now.
 * 10. `taken`: a number of a hunt has answered. Of a line's calls, the one that was answered last decides, whatever the order
 *    of the events.
 * The last select reports what happened and sets JOBS_AFTER_COMMIT.
 */
const applyEvent = preparedStatement<Outcome>(
  'apply-call-event',
  `
with given as (
  select
    $1::text as call_sid, $2::text as provider, $3::text as event_id, $4::text as type,
    coalesce($5::timestamptz, now())::timestamptz(3) as occurred_at,
    $6::text as end_reason, $7::text as authority, $8::smallint as reaches, $9::boolean as only_while_open,
    $10::text as provider_call_id, $11::text as detail, $12::text as receipt, $13::float8[] as longest_stays,
    $14::text as recording, $15::json as cause_a, $16::json as cause_b, $17::smallint as place
), call as materialized (
  select call_sid, provider, caller_id, callee_id, service_line_id, provider_call_id, recording, changes,
    state, requested_at, ringing_at, answered_at, ended_at, end_reason, ended_by, sweep_at, deadline_at,
    cancel_ordered_at, turn_at, metadata, longest_talk_seconds, route, cause_a, cause_b, callee_phone, hunt
  from call_records where call_sid = $1 for update
), counted as (
  select given.event_id, given.type, given.occurred_at, given.detail, given.receipt, given.only_while_open,
    given.longest_stays, given.provider as source,
    case when counts then given.type end as fact,
    case when counts then given.reaches end as reaches,
    case when counts then given.authority end as authority,
    case when counts then given.end_reason end as end_reason,
    case when counts then given.provider_call_id end as provider_call_id,
    case when counts then given.recording end as recording,
    case when counts then given.cause_a end as cause_a,
    case when counts then given.cause_b end as cause_b,
    case when counts then given.place end as place
  from given, call, lateral (select given.provider in ('${RINGBACK}', call.provider) as counts) as one
), judged as (
  select call.*, counted.source, counted.event_id, counted.type, counted.occurred_at, counted.detail, counted.receipt,
    greatest(call.state, counted.reaches) as next_state,
    case when counted.fact = 'ringing' then least(call.ringing_at, counted.occurred_at) else call.ringing_at end
      as next_ringing_at,
    case when counted.fact = 'answered' then least(call.answered_at, counted.occurred_at) else call.answered_at end
      as next_answered_at,
    counted.authority is not null and (
      call.ended_by is null
      or (${rankOfAuthority('counted.authority')}, counted.occurred_at, ${rankOfReason('counted.end_reason')})
       < (${rankOfAuthority('call.ended_by')}, call.ended_at, ${rankOfReason('call.end_reason')})
    ) as wins,
    counted.authority, counted.end_reason as given_reason,
    coalesce(call.provider_call_id, counted.provider_call_id) as next_provider_call_id,
    coalesce(call.recording, counted.recording) as next_recording,
    ${fullerOf('call.cause_a', 'counted.cause_a')} as next_cause_a,
    ${fullerOf('call.cause_b', 'counted.cause_b')} as next_cause_b,
    ${HUNTED_PHONE} as next_callee_phone,
    call.hunt is not null and counted.fact = 'answered' as is_taken,
    counted.longest_stays
  from call, counted
  where (call.state < 4 or not counted.only_while_open)
    -- Whoever has found that it was never placed may have read the call before an event came.
    and (not $18::boolean or call.state = 1 and call.provider_call_id is null)
), ended as (
  select judged.*,
    case when wins then occurred_at else ended_at end as next_ended_at,
    case when wins then authority else ended_by end as next_ended_by,
    case when wins then given_reason else end_reason end as winning_reason
  from judged
), next as (
  select ended.*,
    case when winning_reason = 'canceled' and next_answered_at is not null then 'completed' else winning_reason end
      as next_end_reason
  from ended
), numbered as materialized (
  select next.*, clock_timestamp()::timestamptz(3) as received_at,
    (next_state, next_ringing_at, next_answered_at, next_ended_at, next_ended_by, next_end_reason)
      is distinct from (state, ringing_at, answered_at, ended_at, ended_by, end_reason)
      or state = 4 and recording is null and next_recording is not null as changed
  from next
), event as (
  insert into call_events
    (provider, event_id, call_sid, type, occurred_at, received_at, detail, receipt, change_number, change)
  select source, event_id, call_sid, type, occurred_at, received_at, detail::jsonb, receipt,
    case when changed then changes + 1 end,
    case when changed then ${CHANGE_BYTES} end
  from numbered
  on conflict on constraint call_events_pkey do nothing
  returning event_id, change
), moved as (
  update call_records
  set state = numbered.next_state,
    ringing_at = numbered.next_ringing_at,
    answered_at = numbered.next_answered_at,
    ended_at = numbered.next_ended_at,
    ended_by = numbered.next_ended_by,
    end_reason = numbered.next_end_reason,
    provider_call_id = numbered.next_provider_call_id,
    recording = numbered.next_recording,
    cause_a = numbered.next_cause_a,
    cause_b = numbered.next_cause_b,
    callee_phone = numbered.next_callee_phone,
    changes = numbered.changes + numbered.changed::int,
    deadline_at = case
      when numbered.next_state > numbered.state and numbered.next_state < 4
      then now() + ${LONGEST_STAY}
      else numbered.deadline_at end,
    sweep_at = case
      when numbered.next_state = 4 then numbered.sweep_at
      when numbered.next_state > numbered.state
      then least(now() + ${LONGEST_STAY},
        now() + ${probeIn('numbered.next_state')}, ${CANCEL_DUE_AT})
      -- The dial is settled. Any other event that does not raise the state leaves the next check unchanged.
      when numbered.type = 'accepted'
      then least(numbered.deadline_at, now() + ${probeIn('numbered.next_state')}, ${CANCEL_DUE_AT})
      else numbered.sweep_at end
  from numbered, event
  -- By the parameter, so that only one partition is opened.
  where call_records.call_sid = $1 and event.event_id = numbered.event_id
  returning event.change, case when numbered.state < 4 and numbered.next_state = 4 then ${CALL_END} end as ended
), taken as (
  update service_line
  -- A provider's clock that is ahead must not keep the place of all later calls.
  set last_phone = numbered.next_callee_phone, last_taken_at = least(numbered.next_answered_at, numbered.received_at)
  from numbered, event
  where service_line.id = numbered.service_line_id and numbered.is_taken
    and coalesce(service_line.last_taken_at < numbered.next_answered_at, true)
)
select
  exists (select from call) as known,
  exists (select from numbered) as in_time,
  exists (select from event) as stored,
  not exists (select from event) and exists (
    select from call_events earlier
    where earlier.call_sid = $1 and earlier.provider = $2 and earlier.event_id = $3 and earlier.receipt = $12
  ) as replayed,
  exists (
    select from call where state = 4 and ended_by = 'sweeper' and end_reason in ('lost', 'failed') and provider = $2
  ) as given_up,
  moved.change, moved.ended as "end", ${needsJobs('moved.change')} as "needsJobs",
  ${JOBS_AFTER_COMMIT}
from (select) as one left join moved on moved.change is not null
`,
);

interface Outcome {
  readonly known: boolean;
  readonly in_time: boolean;
  readonly stored: boolean;
  readonly replayed: boolean;
  readonly change: string | null;
  readonly needsJobs: boolean;
  readonly end: CallEnd | null;
  readonly given_up: boolean;
}

/** @param longestStays in seconds, for states 1 to 3 */
export const applyCallEvent = async (
  database: DataSource,
  event: EventToApply,
  longestStays: readonly number[],
): Promise<Application> => {
  const rule = EVENT_RULES[event.type];
  const [outcome] = await applyEvent(database, [
    event.callSid,
    event.provider,
    event.eventId,
    event.type,
    event.occurredAt,
    rule.authority ? (event.endReason ?? 'failed') : null,
    rule.authority ?? null,
    rule.reaches,
    rule.onlyWhileOpen ?? false,
    event.providerCallId ?? null,
    detailOf(event),
    event.receipt ?? null,
    longestStays,
    event.recording ?? null,
    event.causes?.A ?? null,
    event.causes?.B ?? null,
    event.place ?? null,
    saysNeverPlaced(event),
  ]);
  return {
    applied: outcome ? appliedBy(outcome) : 'unknown_call',
    change: outcome?.change ?? null,
    needsJobs: outcome?.needsJobs ?? false,
    end: outcome?.end ?? null,
    livesOn: outcome !== undefined && outcome.given_up && outcome.stored && !rule.authority,
  };
};

/** Of a number of a hunt, also which one it was, and why it has ended. */
const detailOf = ({ type, detail, place, endReason }: EventToApply): string | null => {
  const ofNumber = { ...(place !== undefined && { place }), ...(type === 'leg_ended' && { endReason }) };
  const whole = { ...detail, ...ofNumber };
  return detail || Object.keys(whole).length > 0 ? JSON.stringify(whole) : null;
};

const appliedBy = ({ known, in_time: inTime, stored, replayed }: Outcome): Applied => {
  if (!known) return 'unknown_call';
  if (stored) return 'applied';
  if (!inTime) return 'too_late';
  return replayed ? 'replayed' : 'repeated';
};
