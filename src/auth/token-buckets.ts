/**
 * Rates of requests in the memory of one process. Each key has a token bucket: a request takes a token, and the bucket fills
 * evenly. A bucket is one number, the time at which it is full again, so a request costs one look-up in a bounded cache.
 */
import { LRUCache } from 'lru-cache';
import type { Quota } from '../common/rate-limit-headers.js';
import type { RequestRate } from '../config/setting-values.js';
import { growingTo } from '../common/growing-cache.js';

export interface SpentBucket {
  readonly rate: RequestRate;
  /** Whole seconds until the next request is allowed, at least 1. */
  readonly retryAfterSeconds: number;
}

export class TokenBuckets {
  /** By key: for each rate, when its bucket is full, by performance.now(). A key that is not here has full ones. */
  private readonly fullAt: LRUCache<string, number[]>;
  private readonly buckets: readonly Bucket[];

  /** @param max keys; the one that was unused for longest makes place for a new one */
  constructor(rates: readonly RequestRate[], max: number) {
    this.fullAt = new LRUCache(growingTo(max));
    this.buckets = rates.map((rate, index) => {
      const wholeMs = rate.seconds * 1_000;
      return { rate, index, wholeMs, tokenMs: wholeMs / rate.requests };
    });
  }

  /** Takes a token from each bucket of the key, or from none. @returns the bucket that is empty for longest */
  take(key: string): SpentBucket | null {
    const now = performance.now();
    const fullAt = this.of(key);
    let spent: SpentBucket | null = null;
    for (const { rate, index, wholeMs, tokenMs } of this.buckets) {
      const waitMs = Math.max(fullAt[index] ?? 0, now) + tokenMs - (now + wholeMs);
      // Sums of fractions of a millisecond are not exact.
      if (waitMs < TOLERANCE_MS) continue;
      const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
      if (retryAfterSeconds > (spent?.retryAfterSeconds ?? 0)) spent = { rate, retryAfterSeconds };
    }
    if (spent === null) this.empty(fullAt, now, 1);
    return spent;
  }

  /** Takes tokens for requests that another process has answered; a bucket cannot have fewer than none. */
  takeFor(key: string, requests: number): void {
    this.empty(this.of(key), performance.now(), requests);
  }

  private of(key: string): number[] {
    let fullAt = this.fullAt.get(key);
    if (!fullAt) this.fullAt.set(key, (fullAt = this.buckets.map(() => 0)));
    return fullAt;
  }

  private empty(fullAt: number[], now: number, requests: number): void {
    for (const { index, wholeMs, tokenMs } of this.buckets) {
      fullAt[index] = Math.min(Math.max(fullAt[index] ?? 0, now) + requests * tokenMs, now + wholeMs);
    }
  }
}

interface Bucket {
  readonly rate: RequestRate;
  readonly index: number;
  /** The time in which an empty bucket gets full, and in which it gets one token. */
  readonly wholeMs: number;
  readonly tokenMs: number;
}

const TOLERANCE_MS = 0.01;

/** For the headers of a refusal. Only of the spent rate is it known what is left. */
export const quotasOf = (of: string, rates: readonly RequestRate[], spent: SpentBucket): Quota[] =>
  rates.map((rate) => ({
    of,
    most: rate.requests,
    seconds: rate.seconds,
    ...(rate === spent.rate && { left: { requests: 0, forSeconds: spent.retryAfterSeconds } }),
  }));
