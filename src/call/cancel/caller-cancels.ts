/**
 * Runs the cancels of one caller one after the other in this process. A caller has at most one open call. So one caller
 * takes at most one place among the hang-ups at a provider, however many cancels the caller sends. A cancel that equals
 * a running one joins it.
 */
import type { CancelClaim } from './cancel-claim.js';

export interface RunningCancel {
  /** Rejects if there is nothing to cancel. */
  readonly claimed: Promise<CancelClaim>;
  /** Rejects if the call goes on. */
  readonly outcome: Promise<void>;
}

export class CallerCancels {
  private readonly byCaller = new Map<string, { cancels: Map<string, RunningCancel>; last: Promise<void> }>();

  /** @param what the call and the condition, as one key */
  find(callerId: string, what: string): RunningCancel | undefined {
    return this.byCaller.get(callerId)?.cancels.get(what);
  }

  add(
    callerId: string,
    what: string,
    claim: () => Promise<CancelClaim>,
    carryOut: (claim: CancelClaim) => Promise<void>,
  ): RunningCancel {
    const queue = this.byCaller.get(callerId) ?? { cancels: new Map<string, RunningCancel>(), last: Promise.resolve() };
    this.byCaller.set(callerId, queue);
    const claimed = queue.last.then(claim);
    const outcome = claimed.then(carryOut);
    const cancel = { claimed, outcome };
    queue.cancels.set(what, cancel);
    const done = (): void => {
      queue.cancels.delete(what);
      if (queue.cancels.size === 0) this.byCaller.delete(callerId);
    };
    queue.last = outcome.then(done, done);
    return cancel;
  }
}
