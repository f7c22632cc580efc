/**
 * Asterisk takes an order before it has asked anybody for leg A, so that a trunk's refusal comes after the reply. A dial waits
 * a moment for the first sign of leg A: it rings, or is refused before a phone has rung. Then another provider may be asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../telephony-provider.js';

export class FirstSign {
  private resolve!: (refusal: Refusal | null) => void;
  private readonly seen = new Promise<Refusal | null>((resolve) => (this.resolve = resolve));
  /** As soon as it is known. */
  refusal: Refusal | null = null;

  /** @param refusal null where leg A is under way, or has ended as a call does */
  tell(refusal: Refusal | null): void {
    this.refusal ??= refusal;
    this.resolve(refusal);
  }

  /** Null where nothing has been seen until then. */
  async within(ms: number): Promise<Refusal | null> {
    const limit = new AbortController();
    const over = sleep(Math.max(0, ms), null, { signal: limit.signal }).catch(() => null);
    try {
      return await Promise.race([this.seen, over]);
    } finally {
      limit.abort();
    }
  }
}
