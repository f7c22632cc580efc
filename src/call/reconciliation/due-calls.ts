/**
 * Claims the calls that are due for the sweeper. A claim moves the call's next check into the future and skips locked
 * rows, so each call is checked by one replica at a time.
 */
import type { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { CancelAuthor } from '../cancel/cancel-claim.js';
import { asksOf, RESERVED_AHEAD_MS } from './ask-pace.js';
import type { CallInQuestion } from './call-inquiry.js';
import {
  ASK_AGAIN_SECONDS,
  CANCEL_LEASE_SECONDS,
  GRACE_SECONDS,
  probeIn,
  UNPLACED_DIAL_SECONDS,
  UNSETTLED_DIAL_SECONDS,
} from '../record/call-limits.js';
import { NOT_YET_DIALED } from '../record/not-yet-dialed.js';

export interface DueCall extends CallInQuestion {
  readonly provider: string;
  /** Past the longest stay in its state. */
  readonly pastDeadline: boolean;
  /** A cancel was accepted, and the process that was to execute it has not done so. */
  readonly cancelPending: boolean;
  readonly cancelOrderedBy: CancelAuthor;
  /** It never got a dial slot: the process that waited for it crashed, or lost the database. */
  readonly notYetDialed: boolean;
  /** So long past its limit that it is closed regardless of its provider's reply. */
  readonly pastGrace: boolean;
}

export interface DueCalls {
  readonly calls: readonly DueCall[];
  /** Milliseconds until the first status request may be sent. */
  readonly waitMs: number;
}

/**
 * As SQL over call_records, for a dial that is not settled: the time from which the provider must know whether the call
 * exists.
 */
const mustBeKnownAt = (dialTimeout: string): string =>
  `coalesce(turn_at, requested_at) + (${dialTimeout} + ${UNPLACED_DIAL_SECONDS}) * interval '1 second'`;

/**
 * As SQL over call_records: the dial is so recent that its provider may not find the call yet. For a settled dial this
 * is derived from the deadline of state 1, which is set once, when the call is opened.
 * @param longestRequested seconds, as SQL
 * @param dialTimeout seconds, as SQL
 */
export const isFresh = (longestRequested: string, dialTimeout: string): string =>
  `state = 1 and case when provider_call_id is null
   then ${mustBeKnownAt(dialTimeout)} > now()
   else deadline_at > now() + greatest(0, ${longestRequested} - ${UNSETTLED_DIAL_SECONDS}) * interval '1 second' end`;

const LATER = `now() + interval '${ASK_AGAIN_SECONDS} seconds'`;

/** A call that may not be found yet is checked again as soon as it must be known. */
const nextLook = (dialTimeout: string): string =>
  `case when state = 1 and provider_call_id is null and ${mustBeKnownAt(dialTimeout)} > now()
   then least(${mustBeKnownAt(dialTimeout)}, ${LATER}) else ${LATER} end`;

const claimed = (due: string, next: string): string => `
update call_records set sweep_at = ${next}
from ${due} where call_records.call_sid = ${due}.call_sid
returning call_records.*`;

const DUE_CALL = `
  call_sid as "callSid", provider, provider_call_id as "providerCallId", state,
  coalesce(cancel_ordered_at <= ${NOW_MS} - interval '${CANCEL_LEASE_SECONDS} seconds', false) as "cancelPending",
  cancel_ordered_by as "cancelOrderedBy",
  ${NOT_YET_DIALED} as "notYetDialed",
  deadline_at <= ${NOW_MS} as "pastDeadline", deadline_at + interval '${GRACE_SECONDS} seconds' <= ${NOW_MS} as "pastGrace"`;

/** If no call was claimed, there is one row without a call: its `waitMs` says how long the slots are taken. */
type ClaimedRow = (DueCall | { readonly callSid: null }) & { readonly waitMs: number };

/**
 * Locks the provider's row first, so replicas claim one after the other, each with later time slots than the one
 * before.
 *
 * 1. `slot`: locks the row; its next free slot.
 * 2. `due`: locks the calls that are due, unless the next slot is too far ahead.
 * 3. `claimed`: postpones the next check of these calls.
 * 4. `place`: the first slot, and how many are needed.
 * 5. `moved`: advances the provider's next free slot.
 */
const claimAtProvider = preparedStatement<ClaimedRow>(
  'claim-due',
  `
with slot as materialized (
  select greatest(next_at, clock_timestamp()) as at from provider_turn where provider = ${asksOf('$1::text')} for update
), due as (
  select call_sid from call_records
  where provider = $1 and state < 4 and sweep_at <= ${NOW_MS}
    and coalesce((select at from slot) <= clock_timestamp() + interval '${RESERVED_AHEAD_MS} milliseconds', true)
  order by sweep_at
  limit $2
  for update skip locked
), claimed as (${claimed('due', nextLook('$5::float8'))}
), place as materialized (
  select coalesce((select at from slot), clock_timestamp()) as at, (select count(*) from claimed) as asks
), moved as (
  insert into provider_turn (provider, next_at)
  select ${asksOf('$1::text')}, place.at + place.asks / $3::float8 * interval '1 second' from place where place.asks > 0
  on conflict on constraint provider_turn_pkey do update set next_at = excluded.next_at
)
select ${DUE_CALL}, ${isFresh('$4::float8', '$5::float8')} as "isFresh",
  greatest(0, extract(epoch from place.at - clock_timestamp()) * 1000)::float8 as "waitMs"
from place left join claimed on true
`,
);

export const claimDue = async (
  database: DataSource,
  { name, asksPerSecond }: ResilientProvider,
  limit: number,
  { longestRequestedSeconds, dialTimeoutSeconds }: Config,
): Promise<DueCalls> => {
  const rows = await claimAtProvider(database, [
    name,
    limit,
    asksPerSecond,
    longestRequestedSeconds,
    dialTimeoutSeconds,
  ]);
  return { calls: rows.filter((row) => row.callSid !== null), waitMs: rows[0]?.waitMs ?? 0 };
};

const claimOfOthers = preparedStatement<DueCall>(
  'claim-due-of-others',
  `
with due as (
  select call_sid from call_records
  where provider <> all($1::text[]) and state < 4 and sweep_at <= ${NOW_MS}
  order by sweep_at
  limit $2
  for update skip locked
), claimed as (${claimed('due', LATER)}
)
select ${DUE_CALL}, false as "isFresh" from claimed
`,
);

/** Calls of providers that are no longer configured: there is no provider to fetch a status from. */
export const claimDueOfOthers = (
  database: DataSource,
  configured: readonly string[],
  limit: number,
): Promise<DueCall[]> => claimOfOthers(database, [configured, limit]);

const putOff = preparedStatement(
  'put-off-sweep',
  `
update call_records
set sweep_at = case when next.at > now() then next.at else now() + interval '${ASK_AGAIN_SECONDS} seconds' end
from (
  select least(deadline_at, cancel_ordered_at + interval '${CANCEL_LEASE_SECONDS} seconds', now() + ${probeIn('state')}) as at
  from call_records where call_sid = $1
) next
where call_sid = $1 and state < 4
`,
);

/**
 * The call goes on, as far as is known, and is within its time limit. Its next check is due after the interval of its
 * state.
 */
export const putOffSweep = async (database: DataSource, callSid: string): Promise<void> => {
  await putOff(database, [callSid]);
};
