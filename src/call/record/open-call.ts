/**
 * Record first (design rule 2): one statement creates the record, or finds the caller's open call. The unique indexes of
 * open_call decide, so concurrent requests create at most one call, even across replicas. The statement also counts the
 * call, so that no more are placed than the rates allow, however many requests come at once.
 */
import type { DataSource } from 'typeorm';
import { LONGEST_RATE_SECONDS, type CallRate } from '../../config/setting-values.js';
import { traceParent } from '../../common/tracing.js';
import type { LegPrices } from '../../protection/call-cost.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { RINGBACK } from './apply-call-event.js';
import { changeBytes } from './call-change.js';
import { withPartition } from './call-partitions.js';
import { UNSETTLED_DIAL_SECONDS } from './call-limits.js';
import type { KeyedRequest } from './idempotent-requests.js';
import { JOBS_AFTER_COMMIT, needsJobs } from './jobs-after-commit.js';
import { calleesSubject, calleeSubject, callerSubject } from './recent-calls.js';

export interface CallToOpen {
  readonly callSid: string;
  readonly callerId: string;
  readonly callerPhone: string;
  /** Null for a service line, which has its own id instead. */
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
  readonly calleePhone: string;
  /** All numbers that are tried, of which calleePhone is the first; absent if that is the only one. */
  readonly hunt?: readonly string[] | undefined;
  /** As written in the configuration. */
  readonly route: string;
  readonly provider: string;
  readonly subAccount: string;
  /** Because of its provider's limits (provider-rate-limit.ts). */
  readonly waitsForDialSlot: boolean;
  readonly dialTimeoutSeconds: number;
  readonly longestRequestedSeconds: number;
  /** Of a call that a backend places. */
  readonly order?: BackendOrder | undefined;
  /** Absent for a call that is not counted. */
  readonly limits?: CallLimits | undefined;
  /** In place of the order's, where a budget has no money for more. */
  readonly longestTalkSeconds?: number | undefined;
  /** Absent for a call that no budget counts. */
  readonly reservation?: Reservation | undefined;
  /** What the timeline says of its placing; absent for a call that was not judged. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export interface CallLimits {
  readonly perCaller: readonly CallRate[];
  /** How many different numbers the caller calls. None for a service line, as the next. */
  readonly calleesPerCaller: readonly CallRate[];
  readonly perCallee: readonly CallRate[];
  /** Whether the callee's phone has one call at a time. */
  readonly oneCallPerCallee: boolean;
  /** How many calls the service line has at a time; null: no limit, or no line. */
  readonly lineCallsAtOnce: number | null;
}

/** What the call may cost at most, taken from each budget until the call is settled. */
export interface Reservation {
  /** In millionths of the currency's unit. */
  readonly cost: bigint;
  /** By provider, of those that may carry the call. */
  readonly prices: Readonly<Record<string, LegPrices>>;
  readonly budgets: readonly ReservedBudget[];
}

export interface ReservedBudget {
  readonly id: string;
  readonly kind: string;
  /** Whose part of the budget it is. */
  readonly subject: string;
  /** As date_trunc takes it. */
  readonly period: string;
  readonly timeZone: string;
  readonly amount: bigint;
}

export interface BackendOrder {
  /** The subject of its token. */
  readonly placedBy: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly longestTalkSeconds: number | null;
  /** Its principal is `placedBy`. */
  readonly request: KeyedRequest | null;
}

/** Another request has placed a call under this key meanwhile; this one has placed none. */
export class KeyTaken extends Error {}

/** A rate or a budget does not allow the call. */
export class LimitSpent extends Error {}

export interface RunningCall {
  readonly callSid: string;
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
  readonly placedBy: string | null;
}

/** The open call: the new one, or the one that was already open. */
export interface OpenCall extends RunningCall {
  readonly isNew: boolean;
  /** Another caller's call to the callee, which has one call at a time, or to the line, which has no more calls at a time. */
  readonly isOfCallee: boolean;
  /** The bytes of the first change of a new call, for publishing. */
  readonly change: string | null;
  /** Whether an endpoint is told of it. */
  readonly needsJobs: boolean;
  /** Of a new call, for each rate of its caller, in their order. Null if the caller's calls are not counted. */
  readonly left: readonly CallsLeft[] | null;
}

export interface CallsLeft {
  readonly calls: number;
  /** Seconds until the oldest call that the rate counts leaves its window. */
  readonly forSeconds: number;
}

export const findRunning = preparedStatement<RunningCall>(
  'running-call',
  `select call_sid as "callSid", callee_id as "calleeId", service_line_id as "serviceLineId", placed_by as "placedBy"
   from open_call
   where caller_id = $1`,
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
  metadata: 'metadata',
});

/**
 * As SQL: a text that is no time, so reading it as one fails. PostgreSQL's log has the text. A constraint would fail too, but
 * the log would then have the row, with a whole phone number.
 */
const SPENT = `'a rate of calls is spent'`;
const BUDGET_SPENT = `extract(epoch from ('a budget is spent' || left(budget_use.subject, 0))::timestamptz)::bigint`;

/** The calls that a subject has had, less the earlier ones to this callee where the subject counts callees. */
const counted = (column: 'at' | 'callee'): string =>
  `array(
    select ${column} from unnest(recent_calls.placed_at, recent_calls.callees) as one (at, callee)
    where at > now() - interval '${LONGEST_RATE_SECONDS} seconds' and callee is distinct from $6
  )`;
/** As SQL: how each subject of a caller begins. */
const CALLER = `'${callerSubject('')}'`;

/**
 * 1. `line`: chooses a free slot of the service line, of as many as it has calls at a time. A call without a slot takes one too: it was
 *    placed before there was a limit, or by another version. The choice is random, so that few of many calls at one instant
 *    choose the same slot; of these, the index of open_call lets one in.
 * 2. `opened`: inserts the call, unless the caller has an open one, or the line no free slot.
 * 3. `counted`: counts it for its caller, its callee, and the caller's callees. A spent rate fails the whole statement, so nothing of
 *    the call remains. The row's lock makes concurrent calls wait for each other, and the rate is checked on its latest version.
 *    The caller comes first, so two calls never wait for each other.
 * 4. `reserved`: takes the most that the call may cost from each budget, in the order of the budgets and after the rates, so two
 *    calls never wait for each other. A spent budget fails the statement, as a spent rate does. `costed` keeps what was taken.
 * 5. `event`: its first event, with the bytes of its first change and what the rules said.
 * The result is the new call, with what is left of its caller's rates, or else the caller's open call, or else the callee's, or any of those of a line without a free slot.
 */
const openOrFind = preparedStatement<OpenCall>(
  'open-call',
  `
with line as (
  select case when $26::integer is not null then (
    select slot from (
      select generate_series(1, $26::integer - (
        select count(*)::integer from open_call
        where service_line_id = $4::bigint and (line_slot is null or line_slot > $26::integer)
      ))
      except select line_slot from open_call where service_line_id = $4::bigint
    ) as free (slot)
    order by random() limit 1
  ) end as slot
), opened as (
  insert into call_records
    (call_sid, caller_id, callee_id, service_line_id, caller_phone, callee_phone, provider, sub_account, state,
     requested_at, changes, sweep_at, deadline_at, turn_at, metadata, placed_by, longest_talk_seconds, route,
     taken_phone, trace_parent, line_slot, hunt)
  select $1, $2::bigint, $3::bigint, $4::bigint, $5, $6::text, $7, $8, 1, now(), 1,
     now() + $9 * interval '1 second', now() + $10 * interval '1 second',
     case when $11::boolean then 'infinity' else now() end, $12::jsonb, $13::text, $14::integer, $17,
     $18::text, $23, line.slot, $34::text[]
  from line
  where $26::integer is null or line.slot is not null
  on conflict do nothing
  returning call_sid, caller_id, callee_id, service_line_id, requested_at, metadata, placed_by
), keyed as (
  -- A key that is taken fails the whole statement: no call without its key.
  insert into idempotent_request (principal, key, body_hash, call_sid)
  select placed_by, $15, $16, call_sid from opened where $15::text is not null
), counted as (
  insert into recent_calls (subject, placed_at, callees)
  select subject, array[now()], case when subject = $25 then array[$6] end from opened, unnest($19::text[]) as subject
  on conflict (subject) do update set
    placed_at = case when exists (
      select from unnest($20::text[], $21::integer[], $22::integer[]) as rate (subject, calls, seconds)
      where rate.subject = recent_calls.subject and rate.calls <= (
        select count(*) from unnest(recent_calls.placed_at, recent_calls.callees) as one (at, callee)
        where one.at > now() - rate.seconds * interval '1 second' and one.callee is distinct from $6
      )
    ) then array[(${SPENT} || left(recent_calls.subject, 0))::timestamptz] else ${counted('at')} || now() end,
    callees = case when recent_calls.callees is not null then ${counted('callee')} || $6 end
  returning subject, placed_at
), reserved as (
  insert into budget_use (budget_id, subject, period_start, settled, reserved)
  select one.id, one.subject, date_trunc(one.period, now(), one.zone), 0, case
    when $27::bigint > one.amount then ${BUDGET_SPENT.replace('budget_use', 'one')} else $27::bigint end
  from opened, (select count(*) from counted) as after_rates,
    unnest($29::bigint[], $30::text[], $31::text[], $32::text[], $33::bigint[]) as one (id, subject, period, zone, amount)
  order by one.id
  on conflict (budget_id, subject, period_start) do update set reserved = case
    when budget_use.settled + budget_use.reserved + excluded.reserved > (
      select amount from unnest($29::bigint[], $33::bigint[]) as one (id, amount) where one.id = budget_use.budget_id
    ) then ${BUDGET_SPENT} else budget_use.reserved + excluded.reserved end
  returning budget_id, subject, period_start
), costed as (
  insert into call_cost (call_sid, reserved, prices, budgets, subjects, period_starts)
  select call_sid, $27::bigint, $28::jsonb, array_agg(budget_id order by budget_id),
    array_agg(subject order by budget_id), array_agg(period_start order by budget_id)
  from opened, reserved group by call_sid
), event as (
  insert into call_events (provider, event_id, call_sid, type, occurred_at, received_at, change_number, change, detail)
  select '${RINGBACK}', call_sid || ':requested', call_sid, 'requested', requested_at, requested_at, 1, ${FIRST_CHANGE_BYTES},
    $24::jsonb
  from opened
  returning change
)
select call_sid as "callSid", true as "isNew", callee_id as "calleeId", service_line_id as "serviceLineId",
  placed_by as "placedBy", change, false as "isOfCallee", (
    select json_agg(json_build_object(
      'calls', greatest(0, rate.calls - cardinality(placed_at) + gone),
      'forSeconds', ceil(extract(epoch from placed_at[gone + 1] - now()) + rate.seconds)::integer
    ) order by place)
    from counted join unnest($20::text[], $21::integer[], $22::integer[]) with ordinality
      as rate (subject, calls, seconds, place) on rate.subject = counted.subject and starts_with(rate.subject, ${CALLER}),
    -- A binary search: the times are in their order, but for calls at one instant.
    width_bucket(now() - rate.seconds * interval '1 second', placed_at) as gone
  ) as "left", ${needsJobs('change')} as "needsJobs", ${JOBS_AFTER_COMMIT}
from opened, event
union all
(
  select call_sid, false, callee_id, service_line_id, placed_by, null, caller_id <> $2, null, false, null from open_call
  where (caller_id = $2 or taken_phone = $18) and not exists (select from opened)
  order by caller_id <> $2 limit 1
)
union all
(
  select call_sid, false, callee_id, service_line_id, placed_by, null, true, null, false, null from open_call
  where service_line_id = $4 and $26::integer is not null and (select slot is null from line)
  order by line_slot limit 1 offset floor(random() * $26::integer)
)
`,
);

/** An attempt fails only if another call of the caller opens or ends in between, or takes the slot that was free. */
const ATTEMPTS = 10;

export const openCall = async (database: DataSource, call: CallToOpen): Promise<OpenCall> => {
  const values: unknown[] = [
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
    call.order?.metadata ?? null,
    call.order?.placedBy ?? null,
    call.longestTalkSeconds ?? call.order?.longestTalkSeconds ?? null,
    call.order?.request?.key ?? null,
    call.order?.request?.bodyHash ?? null,
    call.route,
    call.limits?.oneCallPerCallee ? call.calleePhone : null,
    ...countedFor(call),
    traceParent(),
    call.detail ?? null,
    calleesSubject(call.callerId),
    call.limits?.lineCallsAtOnce ?? null,
    ...reservedFor(call.reservation),
    call.hunt ?? null,
  ];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await withPartition(database, call.callSid, () => openOrFind(database, values)).catch(refusal);
    const open = found.find(({ isOfCallee }) => !isOfCallee) ?? found[0];
    if (open) return open;
  }
  throw new Error(`caller or callee opened and ended ${ATTEMPTS} calls while one was being placed`);
};

/** The subjects that count the call, and the rates of each: a row a rate. */
const countedFor = ({ callerId, calleePhone, limits }: CallToOpen): [string[], string[], number[], number[]] => {
  const kinds = [
    { subject: callerSubject(callerId), rates: limits?.perCaller ?? [] },
    { subject: calleesSubject(callerId), rates: limits?.calleesPerCaller ?? [] },
    { subject: calleeSubject(calleePhone), rates: limits?.perCallee ?? [] },
  ].filter(({ rates }) => rates.length > 0);
  const rows = kinds.flatMap(({ subject, rates }) => rates.map((rate) => ({ subject, ...rate })));
  return [
    kinds.map(({ subject }) => subject),
    rows.map(({ subject }) => subject),
    rows.map(({ calls }) => calls),
    rows.map(({ seconds }) => seconds),
  ];
};

/** More than any budget has, and a bigint of PostgreSQL holds it. A talk of ten days may cost more. */
const MOST_RESERVED = 10n ** 18n;

const reservedFor = (reservation: Reservation | undefined): unknown[] => {
  const budgets = reservation?.budgets ?? [];
  return [
    reservation ? String(reservation.cost < MOST_RESERVED ? reservation.cost : MOST_RESERVED) : null,
    reservation?.prices ?? null,
    budgets.map(({ id }) => id),
    budgets.map(({ subject }) => subject),
    budgets.map(({ period }) => period),
    budgets.map(({ timeZone }) => timeZone),
    budgets.map(({ amount }) => String(amount)),
  ];
};

const refusal = (error: unknown): never => {
  const { constraint, code } = error as { constraint?: unknown; code?: unknown };
  if (constraint === 'idempotent_request_pkey')
    throw new KeyTaken('the key belongs to another request', { cause: error });
  if (code === INVALID_DATETIME) throw new LimitSpent('a rate or a budget is spent', { cause: error });
  throw error;
};

/** SQLSTATE: nothing else in the statement reads a time from a text. */
const INVALID_DATETIME = '22007';
