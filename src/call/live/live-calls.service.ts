/**
 * All live calls and every change of them, for the desks that watch. One look at the database, at most ten times a second and only
 * while somebody watches, reads the changes for all of them. A desk begins with a picture of one snapshot, or with the position that
 * it had, on this replica or on another; then the changes from there to the last look are read for it alone, and from then on it gets
 * what each look finds. So nothing is missed or sent twice, because positions are snapshots.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { mapInTurns } from '../../common/next-turn.js';
import { readChange, type CallChange } from '../record/call-change.js';
import { StateType } from '../record/call-lifecycle.js';
import type { ShownCall } from '../search/call-view.js';
import { ChangeFeed } from '../updates/change-feed.js';
import type { LivePosition } from './live-position.js';
import { readChangesBetween, readPicture, readPosition, type Picture, type StoredChange } from './read-live-calls.js';

export interface LiveChange extends StoredChange {
  readonly change: CallChange;
}

export interface LiveChanges {
  readonly kind: 'changes';
  readonly until: LivePosition;
  readonly changes: readonly LiveChange[];
}

/** Why what was sent before must be dropped: a new picture follows. */
export type ResetReason = 'position_unknown' | 'too_many_changes';

export type LiveItem =
  | { readonly kind: 'reset'; readonly reason: ResetReason }
  | { readonly kind: 'calls'; readonly calls: readonly ShownCall[] }
  /** The picture is complete. */
  | { readonly kind: 'live'; readonly until: LivePosition }
  | LiveChanges;

/** The desk reads more slowly than changes come. */
export class TooSlow extends Error {}

const LOOK_APART_MS = 100;
/** If no change is heard of. */
const LOOK_AT_LEAST_EVERY_MS = 1_000;
/** Looks with changes that wait for a desk to read: more than ten seconds of them. */
const MAX_WAITING = 100;

class Desk {
  readonly waiting: (LiveChanges | 'reset')[] = [];
  isTooSlow = false;
  private wake: (() => void) | undefined;

  give(item: LiveChanges | 'reset'): void {
    if (this.waiting.length >= MAX_WAITING) this.isTooSlow = true;
    else this.waiting.push(item);
    this.wake?.();
  }

  /** Undefined when `stop` aborts. */
  async next(stop: AbortSignal): Promise<LiveChanges | 'reset' | undefined> {
    while (this.waiting.length === 0 && !this.isTooSlow && !stop.aborted) {
      const over = new AbortController();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        stop.addEventListener('abort', () => resolve(), { once: true, signal: over.signal });
      });
      over.abort();
    }
    if (this.isTooSlow) throw new TooSlow('the desk reads too slowly');
    return stop.aborted ? undefined : this.waiting.shift();
  }
}

@Injectable()
export class LiveCalls implements BeforeApplicationShutdown {
  private readonly desks = new Set<Desk>();
  /** Those that begin with the next look. */
  private readonly joining: {
    readonly desk: Desk;
    readonly begin: (at: LivePosition) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  private at: LivePosition | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookedAt = -Infinity;
  private hasNews = false;
  private isFailing = false;
  private isClosed = false;
  private picture: Promise<Picture> | undefined;

  constructor(
    private readonly database: DataSource,
    feed: ChangeFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    feed.observe({
      onChange: () => {
        this.lookSoon();
      },
      onMissed: () => {
        this.lookSoon();
      },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.looking;
    await this.picture?.catch(() => undefined);
  }

  get watching(): number {
    return this.desks.size + this.joining.length;
  }

  /**
   * What a desk is sent, without an end until `stop` aborts.
   * @param after the position that it has; null for a desk that begins, undefined for a position that cannot be read
   * @throws TooSlow
   */
  async *watch(after: LivePosition | null | undefined, stop: AbortSignal): AsyncGenerator<LiveItem, void, void> {
    const desk = new Desk();
    let reason: ResetReason | null = after === undefined ? 'position_unknown' : null;
    let position = after ?? null;
    try {
      while (!stop.aborted) {
        if (reason !== null) yield { kind: 'reset', reason };
        reason = null;
        if (position === null) {
          const picture = await this.sharedPicture();
          for (const calls of picture.chunks) yield { kind: 'calls', calls };
          position = picture.at;
          yield { kind: 'live', until: position };
        }
        const joinedAt = await this.join(desk);
        const missed = await readChangesBetween(this.database, position, joinedAt);
        if (missed.changes === null) {
          reason = missed.until.server === position.server ? 'too_many_changes' : 'position_unknown';
          this.leave(desk);
          position = null;
          continue;
        }
        yield await this.changesOf(joinedAt, missed.changes);
        for (;;) {
          const item = await desk.next(stop);
          if (item === undefined) return;
          if (item === 'reset') break;
          yield item;
        }
        this.leave(desk);
        reason = 'too_many_changes';
        position = null;
      }
    } finally {
      this.leave(desk);
    }
  }

  /** Desks that begin while a picture is being read share it: what changes meanwhile is read for each. */
  private sharedPicture(): Promise<Picture> {
    this.picture ??= readPicture(this.database).finally(() => {
      this.picture = undefined;
    });
    return this.picture;
  }

  /**
   * Resolves with the position of a look that begins from now on. So a position that the desk has from another replica is no later.
   * The desk gets what later looks find.
   */
  private join(desk: Desk): Promise<LivePosition> {
    return new Promise((begin, fail) => {
      this.joining.push({ desk, begin, fail });
      this.lookSoon(0);
    });
  }

  private leave(desk: Desk): void {
    this.desks.delete(desk);
    desk.waiting.length = 0;
    if (this.watching > 0) return;
    clearTimeout(this.timer);
    this.at = undefined;
  }

  private lookSoon(apartMs = LOOK_APART_MS): void {
    if (this.isClosed || this.watching === 0) return;
    this.hasNews = true;
    if (this.looking) return;
    this.schedule(Math.max(0, this.lookedAt + apartMs - performance.now()));
  }

  private schedule(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.looking = this.look().finally(() => {
        this.looking = undefined;
        if (this.isClosed || this.watching === 0) return;
        const isSoon = this.joining.length > 0 ? 0 : this.hasNews ? LOOK_APART_MS : LOOK_AT_LEAST_EVERY_MS;
        this.schedule(isSoon);
      });
    }, afterMs);
  }

  private async look(): Promise<void> {
    this.hasNews = false;
    this.lookedAt = performance.now();
    const joining = this.joining.splice(0);
    try {
      const until = await this.readOn();
      for (const { desk, begin } of joining) {
        this.desks.add(desk);
        begin(until);
      }
      this.isFailing = false;
    } catch (error) {
      for (const { fail } of joining) fail(error);
      if (!this.isFailing)
        this.logger.warn({ error }, 'changes of live calls cannot be read; those who watch are told later');
      this.isFailing = true;
      await sleep(LOOK_AT_LEAST_EVERY_MS - LOOK_APART_MS, undefined, { ref: false });
    }
  }

  /** Gives the changes since the last look to all desks. */
  private async readOn(): Promise<LivePosition> {
    if (!this.at) {
      const [now] = await readPosition(this.database, []);
      if (!now) throw new Error('the database has no position');
      this.at = now;
      return now;
    }
    const { until, changes } = await readChangesBetween(this.database, this.at);
    const item = changes === null ? 'reset' : await this.changesOf(until, changes);
    // Without an await from here on: a desk that begins at this position gets what follows it.
    this.at = until;
    if (item === 'reset' || item.changes.length > 0) for (const desk of this.desks) desk.give(item);
    return until;
  }

  private async changesOf(until: LivePosition, stored: readonly StoredChange[]): Promise<LiveChanges> {
    const changes = await mapInTurns(stored, (one) => this.liveChange(one));
    return { kind: 'changes', until, changes: changes.flat() };
  }

  /** None for what became known of a call after its end: the call is live no more. */
  private liveChange(stored: StoredChange): LiveChange[] {
    try {
      const change = readChange(stored.bytes);
      const { type, data } = change;
      return type === 'call.amended' && data.stateType === String(StateType.over) ? [] : [{ ...stored, change }];
    } catch (error) {
      const { callSid } = stored.call;
      this.logger.warn({ error, callSid }, 'stored change cannot be read; passing it over');
      return [];
    }
  }
}
