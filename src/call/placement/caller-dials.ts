/**
 * One dial in flight a caller, in this process. A dial that is not replied to keeps its place at the provider's gate although its
 * call is canceled: without this, one user who places and cancels again and again would take all places, and others be refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../../telephony/telephony-provider.js';

/** A dial lasts for DIAL_TIMEOUT at most. With the wait for a turn this is less than UNSETTLED_DIAL_SECONDS. */
const MOST_WAIT_MS = 10_000;
const LOOK_AGAIN_MS = 200;

/** No other provider is tried: it would keep a place for this caller likewise. */
export const FORMER_IN_FLIGHT: Refusal & { readonly kind: 'refused' } = {
  kind: 'refused',
  category: 'forbidden',
  code: 'RB-FORMER-DIAL',
  text: 'the provider has not replied to the dial of the caller’s former call',
};

export class CallerDials {
  private readonly inFlight = new Map<string, Promise<unknown>>();

  constructor(private readonly mostWaitMs = MOST_WAIT_MS) {}

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
   * Until no dial of the caller is in flight.
   * @param isWanted whether the call that waits is still to be placed
   * @returns false where one still is after that long
   */
  async waitForFormer(callerId: string, isWanted: () => Promise<boolean>): Promise<boolean> {
    const deadline = Date.now() + this.mostWaitMs;
    while (this.isInFlight(callerId)) {
      if (Date.now() >= deadline) return false;
      await sleep(LOOK_AGAIN_MS);
      if (!(await isWanted())) return true;
    }
    return true;
  }
}
