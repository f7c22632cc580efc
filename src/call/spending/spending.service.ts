/**
 * Prices and budgets, kept in memory because every placing looks at them: what a call may cost at most, and which budgets count
 * it. A look each second finds out whether they have changed.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { growingTo } from '../../common/growing-cache.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import { CONFIG, type Config } from '../../config/config.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { kindOf } from '../../telephony/provider-kind.js';
import { dearestOf, mostCost, priceOf, type LegPrice, type LegPrices } from '../../protection/call-cost.js';
import type { MoneyFacts } from '../../protection/placing-rules.js';
import type { Reservation, ReservedBudget } from '../record/open-call.js';
import type { Budget, BudgetKind } from './budget.entity.js';
import type { Price } from './price.entity.js';
import { PRICE_AS_JSON } from './prices.service.js';

export interface CallToPay {
  /** Of a user; null for a phone that a backend names. */
  readonly userId: string | null;
  /** `<provider>/<external id>` of each account that may pay for it. */
  readonly accounts: readonly string[];
  readonly callerPhone: string | null;
  /** One of them answers; none if there is no callee. */
  readonly calleePhones: readonly string[];
  /** The providers that may carry it. */
  readonly providers: readonly string[];
  /** Of its own; null for LONGEST_TALK. */
  readonly longestTalkSeconds: number | null;
  /** Whether each of the providers ends a talk by itself that is limited. */
  readonly canShortenTalk: boolean;
}

/** Of a call that a budget counts. */
export interface Bill extends Omit<Reservation, 'cost'> {
  /** The dearest provider's; null if none has a price for both numbers. */
  readonly worst: bigint | null;
  readonly currency: string;
  readonly talkSeconds: number;
  readonly canShortenTalk: boolean;
  /** To what the budgets have left. */
  readonly isShortened: boolean;
}

interface Known {
  readonly currency: string;
  readonly prices: ReadonlyMap<string, ReadonlyMap<string, LegPrice>>;
  /** By kind and subject: there may be one for each of many users. */
  readonly budgets: ReadonlyMap<string, readonly Budget[]>;
}

const LOOK_EVERY_MS = 1_000;
/** Subjects of budgets that one process remembers as spent. Further ones cost a statement that fails. */
const MAX_REMEMBERED = 10_000;
const REMEMBERED_MS = 60_000;
/** A talk that is shortened has at least a minute. */
const SHORTEST_TALK_SECONDS = 60;

const findVersion = preparedStatement<{ version: string }>(
  'money-version',
  'select version from price_list where id = 1',
);

/** One statement, so that the three fit each other. */
const READ = `
select version, currency,
  (select json_agg(${PRICE_AS_JSON}) from price) as prices,
  (select json_agg(json_build_object('id', id::text, 'kind', kind, 'subject', subject, 'period', period,
    'amount', amount::text, 'timeZone', time_zone) order by id) from budget) as budgets
from price_list where id = 1`;

interface Stored {
  readonly version: string;
  readonly currency: string | null;
  readonly prices: readonly Price[] | null;
  readonly budgets: readonly Budget[] | null;
}

const findUse = preparedStatement<{ id: string; used: string }>(
  'find-budget-use',
  `
select id, settled + reserved as used
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as one (id, subject, period, zone)
join budget_use on budget_id = id and budget_use.subject = one.subject and period_start = date_trunc(period, now(), zone)
`,
);

@Injectable()
export class Spending implements OnModuleInit, BeforeApplicationShutdown {
  /** Which budgets have refused a call of late. Their money may have come back since. */
  private readonly spentOfLate = new LRUCache<string, true>({ ...growingTo(MAX_REMEMBERED), ttl: REMEMBERED_MS });
  private version = '';
  /** Undefined without prices or without budgets: nothing is counted then. */
  private known: Known | undefined;
  private readonly looks = new RepeatedWork(
    LOOK_EVERY_MS,
    () => this.look(),
    (error) => {
      this.logger.warn({ error }, 'prices and budgets cannot be read; those known last hold');
    },
  );

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'longestRequestedSeconds' | 'longestRingingSeconds' | 'longestTalkSeconds'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** No call is placed before prices and budgets have been read. */
  async onModuleInit(): Promise<void> {
    await this.look();
    this.looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.looks.stop();
  }

  /** Reads prices and budgets if they have changed. */
  async look(): Promise<void> {
    const [row] = await findVersion(this.database, []);
    if (row === undefined || row.version === this.version) return;
    const [stored] = await this.database.query<[Stored]>(READ);
    this.known = knownOf(stored);
    this.version = stored.version;
  }

  /** @returns null if no budget counts the call, or there is no price list */
  billOf({ userId, accounts, callerPhone, calleePhones, providers, ...talk }: CallToPay): Bill | null {
    if (!this.known || callerPhone === null || calleePhones.length === 0) return null;
    const budgets = countedBy(this.known.budgets, userId, accounts);
    if (budgets.length === 0) return null;
    const { currency } = this.known;
    const talkSeconds = talk.longestTalkSeconds ?? this.config.longestTalkSeconds;
    const prices = Object.fromEntries(
      providers.flatMap((provider) => {
        const legs = this.legPrices(provider, callerPhone, calleePhones, talkSeconds);
        return legs ? [[provider, legs] as const] : [];
      }),
    );
    const worst = this.worstOf(prices, talkSeconds);
    const { canShortenTalk } = talk;
    return { worst, currency, prices, budgets, talkSeconds, canShortenTalk, isShortened: false };
  }

  /**
   * By what the database knows now.
   * @returns the bill that the budgets can pay, with a shorter talk if need be; or the bill as it is, and the budget that is spent
   */
  async fitting(bill: Bill | null): Promise<{ readonly bill: Bill | null; readonly money: MoneyFacts | null }> {
    if (bill?.worst == null) return { bill, money: factsOf(bill) };
    const { worst } = bill;
    const left = await this.leftOf(bill.budgets);
    const spent = left.find((one) => one.left < worst);
    if (!spent) return { bill, money: factsOf(bill) };
    const least = left.reduce((least, one) => (one.left < least ? one.left : least), worst);
    const shorter = bill.canShortenTalk ? this.shortened(bill, least) : null;
    if (shorter) return { bill: shorter, money: factsOf(shorter) };
    this.spentOfLate.set(keyOf(spent.budget), true);
    return { bill, money: factsOf(bill, { budget: describeBudget(spent.budget), left: spent.left }) };
  }

  /** Whether to read what the budgets have left before the statement that opens the call writes anything. */
  mayBeSpent(bill: Bill | null): boolean {
    return bill?.budgets.some((budget) => this.spentOfLate.has(keyOf(budget))) ?? false;
  }

  private async leftOf(
    budgets: readonly ReservedBudget[],
  ): Promise<{ readonly budget: ReservedBudget; readonly left: bigint }[]> {
    const rows = await findUse(this.database, [
      budgets.map(({ id }) => id),
      budgets.map(({ subject }) => subject),
      budgets.map(({ period }) => period),
      budgets.map(({ timeZone }) => timeZone),
    ]);
    return budgets.map((budget) => {
      const used = rows.find((row) => row.id === budget.id)?.used ?? 0;
      return { budget, left: budget.amount - BigInt(used) };
    });
  }

  /** With the longest talk that costs no more; null if that is not worth a call. */
  private shortened(bill: Bill, most: bigint): Bill | null {
    const fits = (seconds: number): boolean => (this.worstOf(bill.prices, seconds) ?? 0n) <= most;
    if (bill.talkSeconds <= SHORTEST_TALK_SECONDS || !fits(SHORTEST_TALK_SECONDS)) return null;
    let [talkSeconds, tooLong] = [SHORTEST_TALK_SECONDS, bill.talkSeconds];
    while (tooLong - talkSeconds > 1) {
      const middle = Math.floor((talkSeconds + tooLong) / 2);
      if (fits(middle)) talkSeconds = middle;
      else tooLong = middle;
    }
    return { ...bill, talkSeconds, worst: this.worstOf(bill.prices, talkSeconds), isShortened: true };
  }

  /** The dearest provider's; null without one. */
  private worstOf(prices: Bill['prices'], talkSeconds: number): bigint | null {
    // The caller's leg is paid from the caller's answer on. So it is paid while the callee's phone rings.
    const ringing = this.config.longestRequestedSeconds + this.config.longestRingingSeconds;
    const costs = Object.values(prices).map((legs) => mostCost(legs, { a: ringing + talkSeconds, b: talkSeconds }));
    return costs.reduce<bigint | null>((most, cost) => (most === null || cost > most ? cost : most), null);
  }

  /** Null if one of the numbers has no price. */
  private legPrices(
    provider: string,
    callerPhone: string,
    calleePhones: readonly string[],
    talkSeconds: number,
  ): LegPrices | null {
    const prices = this.known?.prices.get(kindOf(provider));
    const a = prices && priceOf(prices, callerPhone);
    const priced = calleePhones.flatMap((phone): [string, LegPrice][] => {
      const price = prices && priceOf(prices, phone);
      return price ? [[phone, price]] : [];
    });
    return a && priced.length === calleePhones.length ? dearestOf(a, Object.fromEntries(priced), talkSeconds) : null;
  }
}

const knownOf = ({ currency, prices, budgets }: Stored): Known | undefined => {
  if (currency === null || !prices || !budgets) return undefined;
  const byProvider = new Map<string, Map<string, LegPrice>>();
  for (const { provider, prefix, perMinute, stepSeconds, connection } of prices) {
    const ofProvider = byProvider.get(provider) ?? new Map<string, LegPrice>();
    byProvider.set(provider, ofProvider.set(prefix, { perMinute, stepSeconds, connection }));
  }
  const bySubject = new Map<string, Budget[]>();
  for (const budget of budgets) {
    const name = nameOf(budget.kind, budget.subject);
    bySubject.set(name, [...(bySubject.get(name) ?? []), budget]);
  }
  return { currency, prices: byProvider, budgets: bySubject };
};

const nameOf = (kind: BudgetKind, subject: string): string => `${kind} ${subject}`;

/** The call's part in each budget that counts it. */
const countedBy = (
  budgets: Known['budgets'],
  userId: string | null,
  accounts: readonly string[],
): readonly ReservedBudget[] => {
  const names = [
    nameOf('all', ''),
    ...(userId === null ? [] : [nameOf('user', '*'), nameOf('user', userId)]),
    ...new Set(accounts.map((account) => nameOf('sub_account', account))),
  ];
  return names
    .flatMap((name) => budgets.get(name) ?? [])
    .map(({ id, kind, subject, period, timeZone, amount }) => ({
      ...{ id, kind, period, timeZone, amount: BigInt(amount) },
      subject: kind === 'user' && userId !== null ? userId : subject,
    }));
};

/** What the rules see. @param spent the budget that has less left */
export const factsOf = (bill: Bill | null, spent: MoneyFacts['spent'] = null): MoneyFacts | null =>
  bill && {
    worst: bill.worst,
    currency: bill.currency,
    budgets: bill.budgets.map(describeBudget),
    shortTalkSeconds: bill.isShortened ? bill.talkSeconds : null,
    spent,
  };

const keyOf = ({ id, subject }: ReservedBudget): string => `${id} ${subject}`;

const describeBudget = ({ id, kind, subject, period }: ReservedBudget): string =>
  `budget ${id} (${[kind, subject].filter((part) => part !== '').join(' ')}, a ${period})`;
