/** How often one may call, and be called: the arithmetic of a sliding window. Pure. */
import type { CallRate } from '../config/setting-values.js';

export interface SpentRate {
  readonly rate: CallRate;
  /** Whole seconds until the next call is allowed, at least 1. */
  readonly retryAfterSeconds: number;
}

/**
 * @param placedAt when the calls of the last day were placed, in any order
 * @returns the rate that is spent for the longest time; null if another call is allowed
 */
export const spentRate = (placedAt: readonly Date[], rates: readonly CallRate[], now: Date): SpentRate | null =>
  rates
    .flatMap((rate) => {
      const sinceMs = now.getTime() - rate.seconds * 1_000;
      const counted = placedAt.map((at) => at.getTime()).filter((at) => at > sinceMs);
      // The next call is allowed once so many calls have left the window that one place is free.
      const leaves = counted.sort((one, other) => one - other)[counted.length - rate.calls];
      return leaves === undefined
        ? []
        : [{ rate, retryAfterSeconds: Math.max(1, Math.ceil((leaves - sinceMs) / 1_000)) }];
    })
    .reduce<SpentRate | null>(
      (longest, one) => (one.retryAfterSeconds > (longest?.retryAfterSeconds ?? 0) ? one : longest),
      null,
    );
