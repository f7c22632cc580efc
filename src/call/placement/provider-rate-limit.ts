/**
 * Providers take only so many calls a second, and so many at once, from all replicas together. A call whose provider has
 * limits waits for its turn before the dial; a burst is spread over a few seconds rather than refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { ResilientProvider, ProviderLimits } from '../../telephony/resilient-provider.js';
import type { Refusal } from '../../telephony/telephony-provider.js';

/** A caller who has pressed a button waits for no longer. Less than UNSETTLED_DIAL_SECONDS. */
export const PATIENCE_MS = 3_000;
/** A place becomes free when a call ends, and a turn comes earlier when a call before it is canceled: not worth a notification. */
export const LOOK_AGAIN_MS = 200;

/** A call that waits for a place and is older than this belongs to a process that has died. */
const WAITS_AT_MOST = `interval '${PATIENCE_MS + 1_000} milliseconds'`;

export const isLimited = ({ callsPerSecond, callsAtOnce }: ProviderLimits): boolean =>
  callsPerSecond !== null || callsAtOnce !== null;

/** canceled: while it waited. refused: as the provider itself would have. */
export type Turn = 'taken' | { readonly kind: 'canceled' } | ({ readonly kind: 'refused' } & Refusal);

export const acquireDialSlot = async (
  database: DataSource,
  callSid: string,
  { name, limits }: Pick<ResilientProvider, 'name' | 'limits'>,
  patientUntil = Date.now() + PATIENCE_MS,
): Promise<Turn> => {
  for (;;) {
    const patienceMs = Math.max(0, patientUntil - Date.now());
    const verdict = await database.transaction((transaction) => judge(transaction, callSid, name, limits, patienceMs));
    if (!verdict.isWanted) return { kind: 'canceled' };
    if (verdict.waitMs !== null) {
      await waitForTurn(database, callSid, verdict.waitMs);
      return (await begin(database, [callSid])).length > 0 ? 'taken' : { kind: 'canceled' };
    }
    if (!verdict.isFull) return tooMany('RB-PER-SECOND', `more than ${String(limits.callsPerSecond)} calls a second`);
    if (patienceMs <= LOOK_AGAIN_MS)
      return tooMany('RB-AT-ONCE', `more than ${String(limits.callsAtOnce)} calls at once`);
    await sleep(LOOK_AGAIN_MS);
  }
};

/** The call waits again, as one that has not been dialled, and nobody gets a turn before that time. */
const hold = preparedStatement(
  'hold-turns',
  `
with waiting as (
  update call_record set turn_at = 'infinity'
  where call_sid = $1 and state = 1 and provider_call_id is null and cancel_ordered_at is null
  returning call_sid
)
insert into provider_turn (provider, next_at)
select $2, clock_timestamp() + $3 * interval '1 millisecond' from waiting
on conflict on constraint provider_turn_pkey do update set next_at = greatest(provider_turn.next_at, excluded.next_at)
returning provider
`,
);

/** For a provider that has refused a dial, and takes it after so many milliseconds. */
export const acquireDialSlotAfter = async (
  database: DataSource,
  callSid: string,
  provider: Pick<ResilientProvider, 'name' | 'limits'>,
  waitMs: number,
  patientUntil: number,
): Promise<Turn> => {
  const held = await hold(database, [callSid, provider.name, waitMs]);
  return held.length > 0 ? acquireDialSlot(database, callSid, provider, patientUntil) : { kind: 'canceled' };
};

/** False once the call is over, or its cancel is ordered. */
export const isWanted = async (database: DataSource, callSid: string): Promise<boolean> =>
  (await lookAtTurn(database, [callSid])).length > 0;

/** Or until the call is canceled. */
const waitForTurn = async (database: DataSource, callSid: string, waitMs: number): Promise<void> => {
  for (let leftMs = waitMs; leftMs > 0;) {
    await sleep(Math.min(leftMs, LOOK_AGAIN_MS));
    if (leftMs <= LOOK_AGAIN_MS) return;
    const [turn] = await lookAtTurn(database, [callSid]);
    leftMs = turn?.waitMs ?? 0;
  }
};

const lookAtTurn = preparedStatement<{ waitMs: number }>(
  'look-at-turn',
  `select (extract(epoch from turn_at - clock_timestamp()) * 1000)::float8 as "waitMs" from call_record
   where call_sid = $1 and state = 1 and cancel_ordered_at is null`,
);

interface Verdict {
  /** Until the turn; null where there is none within the patience left. */
  readonly waitMs: number | null;
  readonly isFull: boolean;
  /** False once the call is over, or somebody is about to end it. */
  readonly isWanted: boolean;
}

/**
 * The call that has waited for longest gets the place that becomes free: those who ask afterwards count it as taken.
 *
 * Two statements: whoever has waited for the row must see what those before it did, and a statement sees only what was
 * there when it began.
 */
const judge = async (
  database: EntityManager,
  callSid: string,
  provider: string,
  { callsPerSecond, callsAtOnce }: ProviderLimits,
  patienceMs: number,
): Promise<Verdict> => {
  await database.query(
    `insert into provider_turn (provider, next_at) values ($1, now())
     on conflict on constraint provider_turn_pkey do update set provider = excluded.provider`,
    [provider],
  );
  const [verdict] = await database.query<[Verdict]>(
    `
with call as (
  select call_sid, requested_at, state = 1 and cancel_ordered_at is null as is_wanted from call_record where call_sid = $1
), load as (
  select count(*) >= $4::int as is_full from call_record
  where provider = $2 and state < 4 and (turn_at is distinct from 'infinity'
    or state = 1 and cancel_ordered_at is null and requested_at > now() - ${WAITS_AT_MOST}
      and (requested_at, call_sid) < (select requested_at, call_sid from call))
), turn as (
  select greatest(next_at, clock_timestamp()) as at from provider_turn where provider = $2
), taken as (
  update call_record set turn_at = turn.at
  from turn, load
  where call_sid = $1 and state = 1 and cancel_ordered_at is null and load.is_full is not true
    and turn.at <= clock_timestamp() + $5 * interval '1 millisecond'
  returning turn.at
), moved as (
  update provider_turn set next_at = taken.at + coalesce(1 / $3::float8, 0) * interval '1 second'
  from taken where provider = $2
)
select call.is_wanted as "isWanted", load.is_full is true as "isFull",
  (select greatest(0, extract(epoch from at - clock_timestamp()) * 1000)::float8 from taken) as "waitMs"
from call, load
`,
    [callSid, provider, callsPerSecond, callsAtOnce, patienceMs],
  );
  return verdict;
};

const countInTurn = preparedStatement<{ provider: string; calls: number }>(
  'calls-in-turn',
  `select provider, count(*)::int as calls from call_record where state < 4 and turn_at is distinct from 'infinity' group by provider`,
);

/** Open calls that count against a provider's limit, by its name. */
export const openCallsByProvider = async (database: DataSource): Promise<ReadonlyMap<string, number>> =>
  new Map((await countInTurn(database, [])).map(({ provider, calls }) => [provider, calls]));

/** A cancel that came before this found nobody to tell, and has ended the call by itself (cancel-claim.ts). */
const begin = preparedStatement(
  'begin-turn',
  `update call_record set turn_at = least(turn_at, clock_timestamp())
   where call_sid = $1 and state = 1 and cancel_ordered_at is null
   returning call_sid`,
);

const tooMany = (code: string, text: string): Turn => ({ kind: 'refused', category: 'rate_limited', code, text });
