/**
 * The limits of callers and callees around the statement that opens a call. The statement decides; this class says why it
 * refused, and remembers a refusal for as long as it holds, so that a client that goes on asking writes nothing to the database.
 */
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { Quota } from '../../common/rate-limit-headers.js';
import type { Config } from '../../config/config.js';
import type { CallRate } from '../../config/setting-values.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { spentRate } from '../../protection/call-rates.js';
import type { CallLimits, CallsLeft } from '../record/open-call.js';
import { calleeSubject, callerSubject, findRecentCalls } from '../record/recent-calls.js';
import { NotPlaced } from './not-placed.js';

interface Counted {
  readonly callerId: string;
  readonly calleePhone: string;
  /** Service lines are exempt from the limits of callees. */
  readonly isServiceLine: boolean;
}

interface Refusal {
  readonly refused: (retryAfterSeconds: number) => NotPlaced;
  /** By performance.now(). */
  readonly until: number;
}

/** Refusals remembered by one process. Further ones cost a statement each. */
const MAX_REMEMBERED = 10_000;

const findTaken = preparedStatement('find-taken-phone', 'select from call_record where taken_phone = $1 and state < 4');

export class PlacingLimits {
  private readonly refusals = new LRUCache<string, Refusal>({ max: MAX_REMEMBERED });

  constructor(
    private readonly database: DataSource,
    private readonly config: Pick<Config, 'callsPerCaller' | 'callsPerCallee' | 'oneCallPerCallee'>,
  ) {}

  of({ isServiceLine }: Pick<Counted, 'isServiceLine'>): CallLimits {
    const { callsPerCaller, callsPerCallee, oneCallPerCallee } = this.config;
    return {
      perCaller: callsPerCaller,
      perCallee: isServiceLine ? [] : callsPerCallee,
      oneCallPerCallee: oneCallPerCallee && !isServiceLine,
    };
  }

  /** What a caller may still place, for the headers of the reply. @param left of a new call; null if there is none */
  quotasOfCaller(left: readonly CallsLeft[] | null): readonly Quota[] {
    if (left === null) return [];
    return callerQuotas(this.config.callsPerCaller, (_rate, index) => left[index]);
  }

  /** The refusal of an earlier call, if it still holds. @param subject of recent-calls.ts */
  remembered(subject: string): NotPlaced | null {
    const refusal = this.refusals.get(subject);
    if (refusal === undefined) return null;
    const leftMs = refusal.until - performance.now();
    if (leftMs > 0) return refusal.refused(Math.ceil(leftMs / 1_000));
    this.refusals.delete(subject);
    return null;
  }

  /** Which rate is spent, the caller's before the callee's; null if none is. */
  async refusal(call: Counted): Promise<NotPlaced | null> {
    const limits = this.limitsOf(call);
    const recent = await findRecentCalls(
      this.database,
      limits.map(({ subject }) => subject),
    );
    for (const { subject, rates, refused } of limits) {
      const spent = spentRate(recent.of(subject), rates, recent.now);
      if (spent === null) continue;
      const { rate, retryAfterSeconds } = spent;
      this.refusals.set(subject, {
        refused: (leftSeconds) => refused(rate, leftSeconds),
        until: performance.now() + retryAfterSeconds * 1_000,
      });
      return refused(rate, retryAfterSeconds);
    }
    return null;
  }

  /** Whether a call to this number would be refused because it is in another one. */
  async isTaken(call: Counted): Promise<boolean> {
    return this.of(call).oneCallPerCallee && (await findTaken(this.database, [call.calleePhone])).length > 0;
  }

  private limitsOf(call: Counted) {
    const { perCaller, perCallee } = this.of(call);
    return [
      { subject: callerSubject(call.callerId), rates: perCaller, refused: callerRefusedBy(perCaller) },
      { subject: calleeSubject(call.calleePhone), rates: perCallee, refused: calleeRefused },
    ];
  }
}

const callerRefusedBy =
  (rates: readonly CallRate[]) =>
  (spent: CallRate, retryAfterSeconds: number): NotPlaced =>
    new NotPlaced('caller_calls_too_often', 'TOO_MANY_CALLS', {
      retryAfterSeconds,
      quotas: callerQuotas(rates, (rate) => (rate === spent ? { calls: 0, forSeconds: retryAfterSeconds } : undefined)),
      cause: new Error(`The caller has placed ${inWords(spent)}, as many as CALLS_PER_CALLER allows.`),
    });

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

/** Only a backend learns the time (call-problems.ts). It would tell an app how often others call the callee. */
const calleeRefused = (rate: CallRate, backendRetrySeconds: number): NotPlaced =>
  new NotPlaced('callee_called_too_often', 'CALLEE_UNAVAILABLE', {
    backendRetrySeconds,
    cause: new Error(`The callee has had ${inWords(rate)}, as many as CALLS_PER_CALLEE allows.`),
  });

const inWords = ({ calls, seconds }: CallRate): string => `${calls} calls within ${seconds} s`;
