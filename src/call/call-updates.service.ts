import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { AppError } from '../common/error-table.js';
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

/** For changes that are there: they are read at once, whatever the client wants to wait. */
const READ_LIMIT_MS = 3_000;

/** Long polls and event streams: clients wait for changes instead of polling. */
@Injectable()
export class CallUpdates {
  constructor(
    private readonly calls: CallService,
    private readonly feed: ChangeFeed,
    private readonly draining: Draining,
  ) {
    // Each waiting request adds a listener; the default warning is meant for leaks.
    setMaxListeners(0, draining.signal);
  }

  /**
   * Waits until the caller's call has a change beyond `seen`. Also ends when the time is up, the client has
   * disconnected or the process is draining. The reply has all changes that are known by then.
   * @throws AppError NOT_YOUR_CALL
   */
  async longPoll(
    callSid: string,
    callerId: string | null,
    seen: Seen,
    waitSeconds: number,
    gone: AbortSignal,
  ): Promise<Watched> {
    const call = await this.calls.stateOf(callSid, callerId);
    const isMissing = isBeyond(seen, call);
    const nothing = { state: call.state, changes: [] };
    if (call.state === StateType.over && !isMissing) return nothing;
    // A signal may have aborted while the state was read. It does not fire again for a new listener.
    const stops = [gone, this.draining.signal];
    if (stops.some(({ aborted }) => aborted)) {
      if (isMissing) throw unread();
      return nothing;
    }
    return new Promise((resolve, reject) => {
      const changes: string[] = [];
      let { state } = call;
      let isUnreadable = false;
      const finish = (): void => {
        clearTimeout(timer);
        unsubscribe();
        for (const stop of stops) stop.removeEventListener('abort', finish);
        // A state without its changes: a client that stops at the end would never learn why the call is over.
        if (isMissing && changes.length === 0 && !isUnreadable && !gone.aborted) reject(unread());
        else resolve({ state, changes });
      };
      const waitMs = waitSeconds * 1_000;
      const waitUntil = performance.now() + waitMs;
      const timer = setTimeout(finish, isMissing ? Math.max(waitMs, READ_LIMIT_MS) : waitMs);
      const after = 'number' in seen ? seen.number : 0;
      const unsubscribe = this.feed.subscribe(callSid, after, (item) => {
        if (!item) {
          // Of a newer version, beside which this one runs for a while.
          isUnreadable = true;
          if (performance.now() >= waitUntil) setImmediate(finish);
          return;
        }
        const { bytes, change } = item;
        const { number } = change.data;
        const stateType = Number(change.data.stateType) as StateType;
        if (stateType > state) state = stateType;
        if (isBeyond(seen, { number, state: stateType })) changes.push(bytes);
        if (changes.length > 0 && number >= call.number) finish();
      });
      // Not AbortSignal.any: on Node 20 each combined signal stays in the memory of `draining`, which lives as long as
      // the process.
      for (const stop of stops) stop.addEventListener('abort', finish);
    });
  }

  /**
   * Subscribes to the caller's call after change `lastNumber`. Without it, the subscription starts with the latest
   * change.
   * @throws AppError NOT_YOUR_CALL
   */
  async follow(callSid: string, callerId: string | null, lastNumber: number | null): Promise<FollowedCall> {
    const { number, state } = await this.calls.stateOf(callSid, callerId, lastNumber ?? 0);
    // A number beyond the latest change cannot be resumed from.
    const last = lastNumber !== null && lastNumber <= number ? lastNumber : number - 1;
    return {
      isToldCompletely: state === StateType.over && last === number,
      subscribe: (listener) => this.feed.subscribe(callSid, last, listener),
    };
  }
}

/** The changes that the client lacks could not be read. */
const unread = (): AppError => new AppError('UNAVAILABLE', { retryAfterSeconds: 1 });

const isBeyond = (seen: Seen, { number, state }: { number: number; state: StateType }): boolean =>
  'number' in seen ? number > seen.number : state > seen.state;
