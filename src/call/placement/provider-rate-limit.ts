/**
 * Enforces a provider's limits of calls per second and of concurrent calls, across all replicas. A call at such a
 * provider waits for a dial slot. So a burst is spread over a few seconds instead of being refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { observeSlotWait } from './dial-metrics.js';
import { inTransactionSpan } from '../../postgres/database-span.js';
import { preparedInTransaction, preparedStatement } from '../../postgres/prepared-statement.js';
import type { ResilientProvider, ProviderLimits } from '../../telephony/resilient-provider.js';
import type { OwnRefusal, Refusal } from '../../telephony/telephony-provider.js';

/** The longest wait that a caller at a phone accepts. Less than UNSETTLED_DIAL_SECONDS. */
export const PATIENCE_MS = 3_000;
/**
 * Slots are polled. A slot becomes free when a call ends, and moves forward when an earlier call is canceled: too rare
 * for a notification.
 */
export const LOOK_AGAIN_MS = 200;

/** A waiting call that is older than this belongs to a process that has crashed. */
const WAITS_AT_MOST = `interval '${PATIENCE_MS + 1_000} milliseconds'`;

export const isLimited = ({ callsPerSecond, callsAtOnce }: ProviderLimits): boolean =>
  callsPerSecond !== null || callsAtOnce !== null;

/** There is no slot within PATIENCE_MS. The provider received no request. docs/providers/refusals.md lists them. */
export const NO_SLOT = {
  perSecond: { category: 'rate_limited', code: 'RB-PER-SECOND' },
  atOnce: { category: 'rate_limited', code: 'RB-AT-ONCE' },
} as const satisfies Readonly<Record<string, OwnRefusal>>;

/** canceled: while the call waited. refused: with the same result as a refusal by the provider. */
export type DialSlot = 'taken' | { readonly kind: 'canceled' } | ({ readonly kind: 'refused' } & Refusal);

/** @param patientUntil by performance.now(): a clock that is set while the call waits must not end the wait */
export const acquireDialSlot = async (
  database: DataSource,
  callSid: string,
  provider: Pick<ResilientProvider, 'name' | 'limits'>,
  patientUntil = performance.now() + PATIENCE_MS,
): Promise<DialSlot> => {
  const start = performance.now();
  const slot = await waitInLine(database, callSid, provider, patientUntil);
  observeSlotWait(provider.name, slot === 'taken' ? 'taken' : slot.kind, (performance.now() - start) / 1_000);
  return slot;
};

const waitInLine = async (
  database: DataSource,
  callSid: string,
  { name, limits }: Pick<ResilientProvider, 'name' | 'limits'>,
  patientUntil: number,
): Promise<DialSlot> => {
  for (;;) {
    const patienceMs = Math.max(0, patientUntil - performance.now());
    const verdict = await inTransactionSpan('acquire-dial-slot', () =>
      database.transaction((transaction) => judge(transaction, callSid, name, limits, patienceMs)),
    );
    if (!verdict.isWanted) return { kind: 'canceled' };
    if (verdict.waitMs !== null) {
      await waitForSlot(database, callSid, verdict.waitMs);
      return (await begin(database, [callSid])).length > 0 ? 'taken' : { kind: 'canceled' };
    }
    if (!verdict.isFull) return tooMany(NO_SLOT.perSecond, `more than ${String(limits.callsPerSecond)} calls a second`);
    if (patienceMs <= LOOK_AGAIN_MS)
      return tooMany(NO_SLOT.atOnce, `more than ${String(limits.callsAtOnce)} calls at once`);
    await sleep(LOOK_AGAIN_MS);
  }
};

/**
 * 1. `waiting`: puts the call back into the queue, as not yet dialled, if it is still wanted.
 * 2. Blocks the provider's slots until the given time.
 */
const hold = preparedStatement(
  'hold-dial-slots',
  `
with waiting as (
  update call_records set turn_at = 'infinity'
  where call_sid = $1 and state = 1 and provider_call_id is null and cancel_ordered_at is null
  returning call_sid
)
insert into provider_turn (provider, next_at)
select $2, clock_timestamp() + $3 * interval '1 millisecond' from waiting
on conflict on constraint provider_turn_pkey do update set next_at = greatest(provider_turn.next_at, excluded.next_at)
returning provider
`,
);

/** After a refusal that says how many milliseconds to wait. */
export const acquireDialSlotAfter = async (
  database: DataSource,
  callSid: string,
  provider: Pick<ResilientProvider, 'name' | 'limits'>,
  waitMs: number,
  patientUntil: number,
): Promise<DialSlot> => {
  const held = await hold(database, [callSid, provider.name, waitMs]);
  return held.length > 0 ? acquireDialSlot(database, callSid, provider, patientUntil) : { kind: 'canceled' };
};

/** False once the call is over, or its cancel is ordered. */
export const isWanted = async (database: DataSource, callSid: string): Promise<boolean> =>
  (await findSlot(database, [callSid])).length > 0;

/** Returns early when the call is canceled. */
const waitForSlot = async (database: DataSource, callSid: string, waitMs: number): Promise<void> => {
  for (let leftMs = waitMs; leftMs > 0;) {
    await sleep(Math.min(leftMs, LOOK_AGAIN_MS));
    if (leftMs <= LOOK_AGAIN_MS) return;
    const [slot] = await findSlot(database, [callSid]);
    leftMs = slot?.waitMs ?? 0;
  }
};

const findSlot = preparedStatement<{ waitMs: number }>(
  'find-dial-slot',
  `select (extract(epoch from turn_at - clock_timestamp()) * 1000)::float8 as "waitMs" from call_records
   where call_sid = $1 and state = 1 and cancel_ordered_at is null`,
);

interface Verdict {
  /** Milliseconds until the slot; null if there is none within the remaining wait. */
  readonly waitMs: number | null;
  readonly isFull: boolean;
  /** False once the call is over or its cancel is ordered. */
  readonly isWanted: boolean;
}

/**
 * The second statement of `judge`.
 * 1. `call`: the waiting call, and whether it is still wanted.
 * 2. `load`: whether the concurrent calls, and the earlier waiting ones, fill the limit.
 * 3. `slot`: the provider's next free slot.
 * 4. `taken`: if there is a place and the slot is near enough, gives the slot to the call.
 * 5. `moved`: advances the provider's next slot.
 */
const judgeSlot = preparedInTransaction<Verdict>(
  'judge-dial-slot',
  `
with call as (
  select call_sid, requested_at, state = 1 and cancel_ordered_at is null as is_wanted from call_records where call_sid = $1
), load as (
  select count(*) >= $4::int as is_full from call_records
  where provider = $2 and state < 4 and (turn_at is distinct from 'infinity'
    or state = 1 and cancel_ordered_at is null and requested_at > now() - ${WAITS_AT_MOST}
      and (requested_at, call_sid) < (select requested_at, call_sid from call))
), slot as (
  select greatest(next_at, clock_timestamp()) as at from provider_turn where provider = $2
), taken as (
  update call_records set turn_at = slot.at
  from slot, load
  where call_sid = $1 and state = 1 and cancel_ordered_at is null and load.is_full is not true
    and slot.at <= clock_timestamp() + $5 * interval '1 millisecond'
  returning slot.at
), moved as (
  update provider_turn set next_at = taken.at + coalesce(1 / $3::float8, 0) * interval '1 second'
  from taken where provider = $2
)
select call.is_wanted as "isWanted", load.is_full is true as "isFull",
  (select greatest(0, extract(epoch from at - clock_timestamp()) * 1000)::float8 from taken) as "waitMs"
from call, load
`,
);

/**
 * Assigns a slot. The call that has waited longest gets a free place: calls that ask later count it as taken.
 * Two statements: the first locks the provider's row. The second must see what the transactions before it committed,
 * and a statement sees only what was committed when it began.
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
  const [verdict] = await judgeSlot(database, [callSid, provider, callsPerSecond, callsAtOnce, patienceMs]);
  if (!verdict) throw new Error(`no call ${callSid}`);
  return verdict;
};

const countOpenCalls = preparedStatement<{ provider: string; calls: number }>(
  'open-calls-by-provider',
  `select provider, count(*)::int as calls from call_records where state < 4 and turn_at is distinct from 'infinity' group by provider`,
);

/** Open calls that count against a provider's limit, by its name. */
export const openCallsByProvider = async (database: DataSource): Promise<ReadonlyMap<string, number>> =>
  new Map((await countOpenCalls(database, [])).map(({ provider, calls }) => [provider, calls]));

/**
 * Marks the call as dialled. A cancel that came earlier has already ended the call without a request to the provider
 * (cancel-claim.ts).
 */
const begin = preparedStatement(
  'begin-dial',
  `update call_records set turn_at = least(turn_at, clock_timestamp())
   where call_sid = $1 and state = 1 and cancel_ordered_at is null
   returning call_sid`,
);

const tooMany = (refusal: OwnRefusal, text: string): DialSlot => ({
  kind: 'refused',
  ...refusal,
  text,
});
