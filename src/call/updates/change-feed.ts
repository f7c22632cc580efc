/**
 * How a replica receives the changes of calls (design rule 6).
 *
 * - Its own changes: `publish` delivers them before the request is answered.
 * - Reliable: every 0.5 s it looks for changes that were committed since the last look (change-look.ts). A change that
 *   it has not received yet is dropped from caches, and read for the clients that wait for it.
 * - Fast: other replicas send hints of committed changes (change-hints.ts). Without hints, behind a pooler that cannot
 *   listen, a change arrives up to half a second later by the look.
 *
 * While it cannot look, the feed reports itself as stale, and caches answer nothing. A waiting client costs no
 * connection.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { CONFIG, directUrlOf, type Config } from '../../config/config.js';
import { EXTERNAL_IDS_CHANNEL, USERS_BLOCKED_CHANNEL } from '../../directory/user.service.js';
import { CALL_CHANGED_CHANNEL, readChange, type CallChange } from '../record/call-change.js';
import { ChangeHints } from './change-hints.js';
import { beginToLook, look, type LookedUntil, type SeenChange } from './change-look.js';
import { ChangeSubscriptions, type FeedItem, type FeedListener } from './change-subscriptions.js';
import { countFound, observeHint, showFeed } from './feed-metrics.js';
import { FeedConnection } from './feed-connection.js';

export interface FeedObserver {
  onChange?(change: CallChange): void;
  /** A committed change of this replica. @param needsJobs whether an endpoint is told of it */
  onPublished?(change: CallChange, needsJobs: boolean): void;
  /** These calls have changed. The observer must read the changes from the database. */
  onMissed?(callSids: readonly string[]): void;
  /** The set of blocked users has changed. The observer must read it from the database. */
  onUsersBlocked?(): void;
  /** An external id belongs to another user, or to none. */
  onExternalIds?(): void;
  /** Another replica has counted failed tokens (shared-failures.ts). */
  onFailedTokens?(counts: string): void;
  /** Changes may be missed until the next `onCurrent`. */
  onStale?(): void;
  /** From now on no change is missed. Earlier ones may have been. */
  onCurrent?(): void;
  /** Whether notifications arrive: hints, `onUsersBlocked`, `onExternalIds` and `onFailedTokens`. */
  onHearing?(isHearing: boolean): void;
}

const FAILED_TOKENS_CHANNEL = 'ringback_failed_tokens';
const CHANNELS = [CALL_CHANGED_CHANNEL, USERS_BLOCKED_CHANNEL, EXTERNAL_IDS_CHANNEL, FAILED_TOKENS_CHANNEL];

const LOOK_EVERY_MS = 500;
/** While the feed is stale, changes are read this often for waiting clients. */
const READ_EVERY_MS = 1_000;

@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly observers: FeedObserver[] = [];
  private readonly subscriptions: ChangeSubscriptions;
  private readonly connection: FeedConnection;
  private readonly hints: ChangeHints;
  /**
   * By call: the greatest change number that was received since the last look began. If a look finds such a change, it
   * is not new.
   */
  private toldSince = new Map<string, number>();
  private lookedUntil: LookedUntil | undefined;
  private timer: NodeJS.Timeout | undefined;
  private staleTimer: NodeJS.Timeout | undefined;
  private isCurrent = false;
  private hasMissedHints = false;
  private distrustedAt = -Infinity;

  constructor(
    database: DataSource,
    @Inject(CONFIG) config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.subscriptions = new ChangeSubscriptions(database, logger);
    this.connection = new FeedConnection(directUrlOf(config), CHANNELS, {
      onConnected: () => this.begin(),
      onNotification: (channel, payload, isOurs) => {
        if (channel === CALL_CHANGED_CHANNEL) {
          if (isOurs) this.onHint(payload);
        } else if (channel === FAILED_TOKENS_CHANNEL) {
          if (isOurs) this.tellObservers((observer) => observer.onFailedTokens?.(payload));
        } else if (channel === USERS_BLOCKED_CHANNEL) this.tellObservers((observer) => observer.onUsersBlocked?.());
        else this.tellObservers((observer) => observer.onExternalIds?.());
      },
      onHearing: (isHearing) => {
        this.onHearing(isHearing);
      },
      onLost: (error) => {
        this.onLost(error);
      },
    });
    this.hints = new ChangeHints(this.connection.ask);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connection.open();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    clearInterval(this.staleTimer);
    await this.hints.settled();
    await this.connection.close();
    await this.subscriptions.close();
  }

  /** The number of subscriptions. */
  get listeners(): number {
    return this.subscriptions.count;
  }

  observe(observer: FeedObserver): void {
    this.observers.push(observer);
    if (this.isCurrent) observer.onCurrent?.();
  }

  /**
   * Passes every change of the call with a number greater than `after` to the listener, including past ones.
   * @returns the function that unsubscribes
   */
  subscribe(callSid: string, after: number, listener: FeedListener): () => void {
    return this.subscriptions.add(callSid, after, listener);
  }

  /** Publishes a change that this replica has committed. Later requests to this replica see it. */
  publish(bytes: string, needsJobs: boolean): void {
    const item = this.readOrDistrust(bytes);
    if (!item) return;
    this.tell(item);
    this.tellObservers((observer) => observer.onPublished?.(item.change, needsJobs));
    if (this.connection.isConnected) this.hints.give(bytes);
  }

  /** Tells the other replicas the failed tokens that this one has counted. They may be lost. */
  async tellFailedTokens(counts: string): Promise<void> {
    if (!this.connection.isConnected) return;
    const values = [counts];
    await this.connection.ask({
      name: 'failed-tokens',
      text: `select pg_notify('${FAILED_TOKENS_CHANNEL}', $1)`,
      values,
    });
  }

  private onHint(bytes: string): void {
    const item = this.readOrDistrust(bytes);
    if (!item) return;
    observeHint(item.change);
    this.tell(item);
  }

  private tell(item: FeedItem): void {
    const { callSid, number } = item.change.data;
    if (number > (this.toldSince.get(callSid) ?? 0)) this.toldSince.set(callSid, number);
    this.tellObservers((observer) => observer.onChange?.(item.change));
    this.subscriptions.dispatch(callSid, number, item);
  }

  /**
   * Parses the bytes. They may come from a newer version, or from a person at psql. An unreadable notification may
   * stand for a missed change.
   */
  private readOrDistrust(bytes: string): FeedItem | undefined {
    try {
      return { bytes, change: readChange(bytes) };
    } catch (error) {
      // In a flood of unreadable notifications only one per look interval counts. The next look finds the changes of
      // the others.
      if (performance.now() - this.distrustedAt < LOOK_EVERY_MS) return undefined;
      this.distrustedAt = performance.now();
      this.logger.warn({ error }, 'notification cannot be read; dropping remembered states and reading the database');
      if (this.isCurrent) this.startAnew();
      return undefined;
    }
  }

  /** The start of a session. */
  private async begin(): Promise<void> {
    this.toldSince = new Map();
    this.lookedUntil = await beginToLook(this.connection.ask);
    if (this.staleTimer) this.logger.info('the change feed is connected again');
    clearInterval(this.staleTimer);
    this.staleTimer = undefined;
    this.isCurrent = true;
    showFeed('connected', true);
    this.startAnew();
    this.lookLater();
  }

  /** Drops cached states, and reads the changes for waiting clients. */
  private startAnew(): void {
    this.tellObservers((observer) => observer.onCurrent?.());
    this.subscriptions.readAll();
  }

  private lookLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // A lost connection has already been reported, and reconnects.
      this.look().catch(() => {
        if (this.connection.isConnected) this.lookLater();
      });
    }, LOOK_EVERY_MS);
  }

  private async look(): Promise<void> {
    if (!this.lookedUntil || !this.connection.isConnected) return;
    const toldBefore = this.toldSince;
    this.toldSince = new Map();
    const { until, changes } = await look(this.connection.ask, this.lookedUntil);
    this.lookedUntil = until;
    if (changes) this.onSeen(changes, toldBefore);
    else this.startAnew();
    this.lookLater();
  }

  private onSeen(changes: readonly SeenChange[], toldBefore: ReadonlyMap<string, number>): void {
    const isNews = ({ callSid, number }: SeenChange): boolean =>
      number > Math.max(toldBefore.get(callSid) ?? 0, this.toldSince.get(callSid) ?? 0);
    const found = [...new Set(changes.filter(isNews).map(({ callSid }) => callSid))];
    if (found.length === 0) return;
    countFound(found.length);
    this.tellObservers((observer) => observer.onMissed?.(found));
    this.subscriptions.readMissed(found);
  }

  private onHearing(isHearing: boolean): void {
    if (!isHearing && !this.hasMissedHints) {
      this.logger.warn(
        'hints of other replicas do not arrive, as behind a pooler in transaction mode; their changes are seen half a second later',
      );
    }
    if (isHearing && this.hasMissedHints) this.logger.info('hints of other replicas arrive again');
    this.hasMissedHints = !isHearing;
    showFeed('hearing', isHearing);
    this.tellObservers((observer) => observer.onHearing?.(isHearing));
  }

  private onLost(error: unknown): void {
    clearTimeout(this.timer);
    this.hints.drop();
    this.isCurrent = false;
    showFeed('connected', false);
    this.logger.warn({ error }, 'the change feed is disconnected; answering from the database until it reconnects');
    this.tellObservers((observer) => {
      observer.onStale?.();
      observer.onHearing?.(false);
    });
    this.staleTimer ??= setInterval(() => {
      this.subscriptions.readAll();
    }, READ_EVERY_MS);
  }

  /** Runs in a listener of the connection: an error of one observer must not stop the others or end the process. */
  private tellObservers(tell: (observer: FeedObserver) => void): void {
    for (const observer of this.observers) {
      try {
        tell(observer);
      } catch (error) {
        this.logger.error({ error }, 'recipient of a change failed');
      }
    }
  }
}
