/**
 * At most one dial in flight per caller in this process. A dial without a reply keeps its place in the provider's queue
 * although its call is canceled. Without this limit, one user who places and cancels calls repeatedly would take all
 * places, and other callers would be refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../../telephony/telephony-provider.js';

/** A dial takes at most DIAL_TIMEOUT. Together with the wait for a slot this is less than UNSETTLED_DIAL_SECONDS. */
const MAX_WAIT_MS = 10_000;
const LOOK_AGAIN_MS = 200;

/** No other provider is tried: this caller would block a place there as well. */
export const FORMER_IN_FLIGHT: Refusal & { readonly kind: 'refused' } = {
  kind: 'refused',
  category: 'forbidden',
  code: 'RB-FORMER-DIAL',
  text: 'the provider has not replied to the dial of the caller’s former call',
};

export class CallerDials {
  private readonly inFlight = new Map<string, Promise<unknown>>();

  constructor(private readonly maxWaitMs = MAX_WAIT_MS) {}

  isInFlight(callerId: string): boolean {
    return this.inFlight.has(callerId);
  }

  async run<T>(callerId: string, dial: () => Promise<T>): Promise<T> {
    const outcome = dial();
    this.inFlight.set(callerId, outcome);
    try {
      return await outcome;
    } finally {
      if (this.inFlight.get(callerId) === outcome) this.inFlight.delete(callerId);
    }
  }

  /**
   * Waits until no dial of the caller is in flight.
   * @param isWanted whether the waiting call is still to be placed
   * @returns false if a dial is still in flight after the maximum wait
   */
  async waitForFormer(callerId: string, isWanted: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + this.maxWaitMs;
    while (this.isInFlight(callerId)) {
      if (performance.now() >= deadline) return false;
      await sleep(LOOK_AGAIN_MS);
      if (!(await isWanted())) return true;
    }
    return true;
  }
}
