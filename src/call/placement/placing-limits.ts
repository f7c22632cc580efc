/**
 * The limits of callers and callees around the statement that opens a call. The statement decides; this class says which limit
 * it has met, and remembers a spent rate for as long as it holds, so that a client that goes on asking writes nothing to the
 * database.
 */
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { growingTo } from '../../common/growing-cache.js';
import type { Quota } from '../../common/rate-limit-headers.js';
import type { Config } from '../../config/config.js';
import type { CallRate } from '../../config/setting-values.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { spentRate, type SpentRate } from '../../protection/call-rates.js';
import type { RuleRefusal } from '../../protection/placing-rules.js';
import type { CallLimits, CallsLeft } from '../record/open-call.js';
import { calleesSubject, calleeSubject, callerSubject, findRecentCalls } from '../record/recent-calls.js';

export interface CountedCall {
  readonly callerId: string;
  readonly calleePhone: string | null;
  /** Service lines are exempt from the limits of callees. */
  readonly isServiceLine: boolean;
  /** Of the line; null: no limit, or no line. */
  readonly lineCallsAtOnce: number | null;
}

/** Null: another call is allowed. */
export interface SpentRates {
  readonly ofCaller: SpentRate | null;
  /** Of the different numbers that the caller calls; null too if this number is one of them. */
  readonly ofCallees: SpentRate | null;
  readonly ofCallee: SpentRate | null;
}

interface Remembered {
  readonly spent: SpentRate;
  /** Numbers that may be called even so. */
  readonly except: ReadonlySet<string>;
  /** By performance.now(). */
  readonly until: number;
}

/** Spent rates remembered by one process. Further ones cost a statement each. */
const MAX_REMEMBERED = 10_000;

const findTaken = preparedStatement('find-taken-phone', 'select from open_call where taken_phone = $1');

export class PlacingLimits {
  private readonly spent = new LRUCache<string, Remembered>(growingTo(MAX_REMEMBERED));

  constructor(
    private readonly database: DataSource,
    private readonly config: Pick<
      Config,
      'callsPerCaller' | 'calleesPerCaller' | 'callsPerCallee' | 'oneCallPerCallee'
    >,
  ) {}

  of({ isServiceLine, lineCallsAtOnce }: Pick<CountedCall, 'isServiceLine' | 'lineCallsAtOnce'>): CallLimits {
    const { callsPerCaller, calleesPerCaller, callsPerCallee, oneCallPerCallee } = this.config;
    return {
      perCaller: callsPerCaller,
      calleesPerCaller: isServiceLine ? [] : calleesPerCaller,
      perCallee: isServiceLine ? [] : callsPerCallee,
      lineCallsAtOnce,
      oneCallPerCallee: oneCallPerCallee && !isServiceLine,
    };
  }

  /** What a caller may still place, for the headers of the reply. @param left of a new call; null if there is none */
  quotasOfCaller(left: readonly CallsLeft[] | null): readonly Quota[] {
    if (left === null) return [];
    return callerQuotas(this.config.callsPerCaller, (_rate, index) => left[index]);
  }

  /** Likewise, for the headers of a refusal. None unless the caller's own rate is spent. */
  quotasOf({ fault, spent, retryAfterSeconds = 1 }: RuleRefusal): readonly Quota[] {
    if (fault !== 'caller_calls_too_often') return [];
    const left = { calls: 0, forSeconds: retryAfterSeconds };
    return callerQuotas(this.config.callsPerCaller, (rate) => (rate === spent ? left : undefined));
  }

  /** What earlier calls were refused for, if it still holds. */
  remembered(call: CountedCall): SpentRates {
    const { caller, callees, callee } = subjectsOf(call);
    return {
      ofCaller: this.recall(caller),
      ofCallees: callees === null ? null : this.recall(callees, call.calleePhone),
      ofCallee: callee === null ? null : this.recall(callee),
    };
  }

  /** What is spent now, by the database. */
  async find(call: CountedCall): Promise<SpentRates> {
    const { perCaller, calleesPerCaller, perCallee } = this.of(call);
    const { caller, callees, callee } = subjectsOf(call);
    const recent = await findRecentCalls(
      this.database,
      [caller, callees, callee].filter((subject) => subject !== null),
    );
    const spent = (subject: string, placedAt: readonly Date[], rates: readonly CallRate[], except: string[] = []) =>
      this.keep(subject, spentRate(placedAt, rates, recent.now), except);
    const known = recent.calleesOf(call.callerId);
    const others = known.filter(({ phone }) => phone !== call.calleePhone).map(({ at }) => at);
    const phones = known.map(({ phone }) => phone);
    return {
      ofCaller: spent(caller, recent.of(caller), perCaller),
      ofCallees: callees === null ? null : spent(callees, others, calleesPerCaller, phones),
      ofCallee: callee === null ? null : spent(callee, recent.of(callee), perCallee),
    };
  }

  /** Whether a call to this number would be refused because it is in another one. */
  async isTaken(call: CountedCall): Promise<boolean> {
    return this.of(call).oneCallPerCallee && (await findTaken(this.database, [call.calleePhone])).length > 0;
  }

  private keep(subject: string, spent: SpentRate | null, except: readonly string[]): SpentRate | null {
    const until = performance.now() + (spent?.retryAfterSeconds ?? 0) * 1_000;
    if (spent === null) this.spent.delete(subject);
    else this.spent.set(subject, { spent, except: new Set(except), until });
    return spent;
  }

  private recall(subject: string, calleePhone: string | null = null): SpentRate | null {
    const remembered = this.spent.get(subject);
    if (remembered === undefined || remembered.except.has(calleePhone ?? '')) return null;
    const leftMs = remembered.until - performance.now();
    if (leftMs > 0) return { ...remembered.spent, retryAfterSeconds: Math.ceil(leftMs / 1_000) };
    this.spent.delete(subject);
    return null;
  }
}

const subjectsOf = ({ callerId, calleePhone, isServiceLine }: CountedCall) => {
  const caller = callerSubject(callerId);
  return isServiceLine
    ? { caller, callees: null, callee: null }
    : {
        caller,
        callees: calleesSubject(callerId),
        callee: calleePhone === null ? null : calleeSubject(calleePhone),
      };
};

const callerQuotas = (
  rates: readonly CallRate[],
  leftOf: (rate: CallRate, index: number) => CallsLeft | undefined,
): Quota[] =>
  rates.map((rate, index) => {
    const left = leftOf(rate, index);
    return {
      of: 'calls',
      most: rate.calls,
      seconds: rate.seconds,
      ...(left && { left: { requests: left.calls, forSeconds: left.forSeconds } }),
    };
  });
