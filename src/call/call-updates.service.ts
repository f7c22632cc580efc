import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { Draining } from '../common/draining.js';
import { CallService } from './call.service.js';
import { StateType } from './record/call-lifecycle.js';
import { ChangeFeed } from './updates/change-feed.js';
import type { FollowedCall } from './updates/event-stream.js';
import type { Seen } from './updates/long-poll.js';

export interface Watched {
  readonly state: StateType;
  /** The bytes of every change after what was seen. */
  readonly changes: readonly string[];
}

/** For those who would rather be told than ask again and again. */
@Injectable()
export class CallUpdates {
  constructor(
    private readonly calls: CallService,
    private readonly feed: ChangeFeed,
    private readonly draining: Draining,
  ) {
    // One listener for each that waits; the default warning is for leaks.
    setMaxListeners(0, draining.signal);
  }

  /**
   * Waits until the caller's call has gone beyond what was seen, or the time is up, or nobody waits any more, or the
   * process is to stop. All that is known by then is told in one reply.
   * @throws AppError NOT_YOUR_CALL
   */
  async longPoll(
    callSid: string,
    callerId: string,
    seen: Seen,
    waitSeconds: number,
    gone: AbortSignal,
  ): Promise<Watched> {
    const call = await this.calls.stateOf(callSid, callerId);
    const nothing = { state: call.state, changes: [] };
    if (call.state === StateType.over && !isBeyond(seen, call)) return nothing;
    // Either may have come about while the state was read, and an abort that is past is not told again.
    const stops = [gone, this.draining.signal];
    if (stops.some(({ aborted }) => aborted)) return nothing;
    return new Promise((resolve) => {
      const changes: string[] = [];
      let { state } = call;
      const finish = (): void => {
        clearTimeout(timer);
        unsubscribe();
        for (const stop of stops) stop.removeEventListener('abort', finish);
        resolve({ state, changes });
      };
      const timer = setTimeout(finish, waitSeconds * 1000);
      const after = 'number' in seen ? seen.number : 0;
      const unsubscribe = this.feed.subscribe(callSid, after, (item) => {
        if (!item) return;
        const { bytes, change } = item;
        const { number } = change.data;
        const stateType = Number(change.data.stateType) as StateType;
        if (stateType > state) state = stateType;
        if (isBeyond(seen, { number, state: stateType })) changes.push(bytes);
        if (changes.length > 0 && number >= call.number) finish();
      });
      // Not AbortSignal.any: on Node 20 each one stays in the memory of the signal that lives as long as the process.
      for (const stop of stops) stop.addEventListener('abort', finish);
    });
  }

  /**
   * Follows the caller's call from the change after `lastNumber`, or from the latest one, until it is over.
   * @throws AppError NOT_YOUR_CALL
   */
  async follow(callSid: string, callerId: string, lastNumber: number | null): Promise<FollowedCall> {
    const { number, state } = await this.calls.stateOf(callSid, callerId, lastNumber ?? 0);
    // A number that no change has is none to resume from.
    const last = lastNumber !== null && lastNumber <= number ? lastNumber : number - 1;
    return {
      isToldCompletely: state === StateType.over && last === number,
      subscribe: (listener) => this.feed.subscribe(callSid, last, listener),
    };
  }
}

const isBeyond = (seen: Seen, { number, state }: { number: number; state: StateType }): boolean =>
  'number' in seen ? number > seen.number : state > seen.state;
