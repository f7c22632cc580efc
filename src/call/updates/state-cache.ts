import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { growingTo } from '../../common/growing-cache.js';
import type { CallChange } from '../record/call-change.js';
import type { StateType } from '../record/call-lifecycle.js';
import { ChangeFeed } from './change-feed.js';

export interface RememberedState {
  /** Null where the caller is a phone and no user. */
  readonly callerId: string | null;
  readonly state: StateType;
  /** The number of the latest change. */
  readonly number: number;
}

/** More than the live calls of one replica's clients; about 300 bytes each. */
const MAX_CALLS = 100_000;

/**
 * Caches the states of recent calls, for the poll that every live caller sends every second (design rule 7). The feed
 * updates the cache. While the feed is stale, the cache stores and returns nothing.
 */
@Injectable()
export class StateCache {
  private readonly states = new LRUCache<string, RememberedState>(growingTo(MAX_CALLS));
  private isCurrent = false;
  /**
   * Incremented when a change was missed. A state that was read from the database before that is not cached afterwards.
   */
  private generation = 0;

  constructor(feed: ChangeFeed) {
    feed.observe({
      onChange: (change) => {
        this.storeChange(change);
      },
      onMissed: (callSids) => {
        this.generation++;
        for (const callSid of callSids) this.states.delete(callSid);
      },
      onStale: () => {
        this.drop(false);
      },
      onCurrent: () => {
        this.drop(true);
      },
    });
  }

  private storeChange({ data: { callSid, callerId, stateType, number } }: CallChange): void {
    if (this.isCurrent) this.put(callSid, { callerId, state: Number(stateType) as StateType, number });
  }

  get(callSid: string): RememberedState | undefined {
    return this.isCurrent ? this.states.get(callSid) : undefined;
  }

  /** Caches what `read` returns, unless a newer state was received or a change was missed meanwhile. */
  async readThrough(
    callSid: string,
    read: () => Promise<RememberedState | undefined>,
  ): Promise<RememberedState | undefined> {
    const generation = this.generation;
    const found = await read();
    if (found && this.isCurrent && generation === this.generation) this.put(callSid, found);
    return found;
  }

  private put(callSid: string, state: RememberedState): void {
    const known = this.states.peek(callSid);
    if (!known || known.number < state.number) this.states.set(callSid, state);
  }

  private drop(isCurrent: boolean): void {
    this.generation++;
    this.isCurrent = isCurrent;
    this.states.clear();
  }
}
