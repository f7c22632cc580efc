/**
 * The limits of callers and callees around the statement that opens a call. The statement decides; this class says which limit
 * it has met, and remembers a spent rate for as long as it holds, so that a client that goes on asking writes nothing to the
 * database.
 */
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import type { CallRate } from '../../config/setting-values.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { spentRate, type SpentRate } from '../../protection/call-rates.js';
import type { CallLimits } from '../record/open-call.js';
import { calleeSubject, callerSubject, findRecentCalls } from '../record/recent-calls.js';

export interface CountedCall {
  readonly callerId: string;
  readonly calleePhone: string | null;
  /** Service lines are exempt from the limits of callees. */
  readonly isServiceLine: boolean;
}

/** Null: another call is allowed. */
export interface SpentRates {
  readonly ofCaller: SpentRate | null;
  readonly ofCallee: SpentRate | null;
}

interface Remembered {
  readonly spent: SpentRate;
  /** By performance.now(). */
  readonly until: number;
}

/** Spent rates remembered by one process. Further ones cost a statement each. */
const MAX_REMEMBERED = 10_000;

const findTaken = preparedStatement('find-taken-phone', 'select from call_record where taken_phone = $1 and state < 4');

export class PlacingLimits {
  private readonly spent = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED });

  constructor(
    private readonly database: DataSource,
    private readonly config: Pick<Config, 'callsPerCaller' | 'callsPerCallee' | 'oneCallPerCallee'>,
  ) {}

  of({ isServiceLine }: Pick<CountedCall, 'isServiceLine'>): CallLimits {
    const { callsPerCaller, callsPerCallee, oneCallPerCallee } = this.config;
    return {
      perCaller: callsPerCaller,
      perCallee: isServiceLine ? [] : callsPerCallee,
      oneCallPerCallee: oneCallPerCallee && !isServiceLine,
    };
  }

  /** What earlier calls were refused for, if it still holds. */
  remembered(call: CountedCall): SpentRates {
    const { caller, callee } = subjectsOf(call);
    return { ofCaller: this.recall(caller), ofCallee: callee === null ? null : this.recall(callee) };
  }

  /** What is spent now, by the database. */
  async find(call: CountedCall): Promise<SpentRates> {
    const { perCaller, perCallee } = this.of(call);
    const { caller, callee } = subjectsOf(call);
    const recent = await findRecentCalls(this.database, callee === null ? [caller] : [caller, callee]);
    const spent = (subject: string, rates: readonly CallRate[]): SpentRate | null =>
      this.keep(subject, spentRate(recent.of(subject), rates, recent.now));
    return { ofCaller: spent(caller, perCaller), ofCallee: callee === null ? null : spent(callee, perCallee) };
  }

  /** Whether a call to this number would be refused because it is in another one. */
  async isTaken(call: CountedCall): Promise<boolean> {
    return this.of(call).oneCallPerCallee && (await findTaken(this.database, [call.calleePhone])).length > 0;
  }

  private keep(subject: string, spent: SpentRate | null): SpentRate | null {
    if (spent === null) this.spent.delete(subject);
    else this.spent.set(subject, { spent, until: performance.now() + spent.retryAfterSeconds * 1_000 });
    return spent;
  }

  private recall(subject: string): SpentRate | null {
    const remembered = this.spent.get(subject);
    if (remembered === undefined) return null;
    const leftMs = remembered.until - performance.now();
    if (leftMs > 0) return { ...remembered.spent, retryAfterSeconds: Math.ceil(leftMs / 1_000) };
    this.spent.delete(subject);
    return null;
  }
}

const subjectsOf = ({ callerId, calleePhone, isServiceLine }: CountedCall) => ({
  caller: callerSubject(callerId),
  callee: isServiceLine || calleePhone === null ? null : calleeSubject(calleePhone),
});
