/**
 * Turns the reservation of a call that is over into what it has cost. One replica at a time looks, each second, at calls that are
 * not settled; so what a killed process leaves is settled by another one. A call is settled once, in one transaction with its budgets.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import { takeTurn } from '../../postgres/take-turn.js';
import { callCost, pricesOf, type LegPrices } from '../../protection/call-cost.js';
import type { EndReason } from '../record/call-lifecycle.js';

const LOOK_EVERY_MS = 1_000;
const BATCH = 500;
/** Events may arrive in any order: an answer after the end. */
const GRACE_SECONDS = 2;

/**
 * A provider's clock may differ from ours, so an end in the future is old enough too. Without an event of the caller's answer,
 * the caller has answered when the callee's phone rang.
 */
const DUE = `
select cost.call_sid as "callSid", cost.reserved, cost.prices, record.provider, record.callee_phone as "calleePhone", record.end_reason as "endReason",
  extract(epoch from record.ended_at - coalesce(
    (
      select min(occurred_at) from call_events event
      where event.call_sid = record.call_sid and event.provider = record.provider and event.type = 'caller_answered'
    ),
    least(record.ringing_at, record.answered_at)
  ))::float8 as "secondsA",
  extract(epoch from record.ended_at - record.answered_at)::float8 as "secondsB"
from call_cost cost left join call_records record on record.call_sid = cost.call_sid
where cost.settled is null and (
  record.call_sid is null or record.state = 4 and abs(extract(epoch from now() - record.ended_at)) > ${GRACE_SECONDS}
)
order by cost.call_sid limit ${BATCH}
for update of cost`;

/** In the order in which a call that is being placed locks its budgets. The rows are there: the reservation has made them. */
const SETTLE = `
with settled as (
  update call_cost set settled = given.settled
  from unnest($1::text[], $2::bigint[]) as given (call_sid, settled)
  where call_cost.call_sid = given.call_sid
  returning call_cost.settled, reserved, budgets, subjects, period_starts
)
insert into budget_use (budget_id, subject, period_start, settled, reserved)
select budget_id, subject, period_start, sum(settled), sum(reserved)
from settled cross join lateral unnest(budgets, subjects, period_starts) as one (budget_id, subject, period_start)
group by budget_id, subject, period_start order by budget_id, subject, period_start
on conflict (budget_id, subject, period_start) do update set
  settled = budget_use.settled + excluded.settled, reserved = budget_use.reserved - excluded.reserved`;

interface DueCall {
  readonly callSid: string;
  readonly reserved: string;
  readonly prices: Readonly<Record<string, LegPrices>>;
  /** Null, as the next, if the record has been removed. */
  readonly provider: string | null;
  readonly calleePhone: string | null;
  readonly endReason: EndReason | null;
  readonly secondsA: number | null;
  readonly secondsB: number | null;
}

@Injectable()
export class Settling implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly looks = new RepeatedWork(
    LOOK_EVERY_MS,
    () => this.look(),
    (error) => {
      this.logger.warn({ error }, 'calls cannot be settled; what they have reserved stays so');
    },
  );

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.looks.stop();
  }

  /** Settles what is due, unless another replica is settling. */
  async look(): Promise<void> {
    while (!this.looks.isStopped && (await this.database.transaction(settleBatch)));
  }
}

/** @returns whether there may be more */
const settleBatch = async (database: EntityManager): Promise<boolean> => {
  if ((await takeTurn(database, 'settle calls')) === null) return false;
  const due = await database.query<DueCall[]>(DUE);
  if (due.length === 0) return false;
  await database.query(SETTLE, [due.map(({ callSid }) => callSid), due.map((call) => String(taken(call)))]);
  return due.length === BATCH;
};

/** A call of which too little is known has cost what it may have cost at most. Never more than is reserved. */
const taken = ({ reserved, prices, provider, calleePhone, endReason, secondsA, secondsB }: DueCall): bigint => {
  const most = BigInt(reserved);
  const legs = provider === null ? undefined : prices[provider];
  if (!legs || endReason === 'lost' || (endReason === 'completed' && secondsB === null)) return most;
  const cost = callCost(pricesOf(legs, calleePhone ?? ''), { a: secondsA, b: secondsB });
  return cost < most ? cost : most;
};
