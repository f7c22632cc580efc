/**
 * Asterisk accepts an order before it dials leg A, so a trunk's refusal arrives after the reply. A dial waits briefly
 * for the first sign of leg A: it rings, or is refused before a phone has rung. After a refusal another provider may be
 * tried.
 */
import { startLimit } from '../../common/time-limit.js';
import type { Refusal } from '../telephony-provider.js';

export class FirstSign {
  private resolve!: (refusal: Refusal | null) => void;
  private readonly seen = new Promise<Refusal | null>((resolve) => (this.resolve = resolve));
  /** Set as soon as it is known. */
  refusal: Refusal | null = null;

  /** @param refusal null if leg A is in progress, or has ended like any call */
  tell(refusal: Refusal | null): void {
    this.refusal ??= refusal;
    this.resolve(refusal);
  }

  /** Null if there was no refusal within the time. */
  async within(ms: number): Promise<Refusal | null> {
    let endLimit: (() => void) | undefined;
    const over = new Promise<null>((resolve) => {
      endLimit = startLimit(Math.max(0, ms), () => {
        resolve(null);
      });
    });
    try {
      return await Promise.race([this.seen, over]);
    } finally {
      endLimit?.();
    }
  }
}
