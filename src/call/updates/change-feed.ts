/**
 * How a replica learns of the changes of calls (design rule 6).
 *
 * - What it has written itself, it knows before it answers: `publish`.
 * - Truth: twice a second it looks which changes were committed since it last looked (change-look.ts). What it did not know
 *   is forgotten where it is remembered, and read for those who wait.
 * - Speed: other replicas tell it what they have committed (change-hints.ts). Where hints do not arrive, behind a pooler that
 *   cannot listen, the looks alone tell, half a second later.
 *
 * While it cannot look, it says that it is stale, and nothing is answered from memory. Waiting costs no connection.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { CONFIG, directUrlOf, type Config } from '../../config/config.js';
import { USERS_BLOCKED_CHANNEL } from '../../directory/user.service.js';
import { CALL_CHANGED_CHANNEL, readChange, type CallChange } from '../record/call-change.js';
import { ChangeHints } from './change-hints.js';
import { beginToLook, look, type LookedUntil, type SeenChange } from './change-look.js';
import { ChangeSubscriptions, type FeedItem, type FeedListener } from './change-subscriptions.js';
import { FeedConnection } from './feed-connection.js';

export interface FeedObserver {
  onChange?(change: CallChange): void;
  /** Made by this replica, and committed. */
  onPublished?(change: CallChange): void;
  /** These calls have changed; how is for the database to tell. */
  onMissed?(callSids: readonly string[]): void;
  /** Which ones is for the database to tell. */
  onUsersBlocked?(): void;
  /** Changes may be missed from now on, until `onCurrent`. */
  onStale?(): void;
  /** From now on no change is missed. Those of before may have been. */
  onCurrent?(): void;
  /** Whether hints and `onUsersBlocked` arrive. */
  onHearing?(isHearing: boolean): void;
}

const LOOK_EVERY_MS = 500;
/** While it cannot look, the table is read this often for those who wait. */
const READ_EVERY_MS = 1_000;

@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly observers: FeedObserver[] = [];
  private readonly subscriptions: ChangeSubscriptions;
  private readonly connection: FeedConnection;
  private readonly hints: ChangeHints;
  /** By call, the greatest number told of since the last look began: no news when a look finds it. */
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
    this.connection = new FeedConnection(directUrlOf(config), [CALL_CHANGED_CHANNEL, USERS_BLOCKED_CHANNEL], {
      onConnected: () => this.begin(),
      onNotification: (channel, payload, isOurs) => {
        if (channel === CALL_CHANGED_CHANNEL) {
          if (isOurs) this.onHint(payload);
        } else this.tellObservers((observer) => observer.onUsersBlocked?.());
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

  /** How many are told of changes now. */
  get listeners(): number {
    return this.subscriptions.count;
  }

  observe(observer: FeedObserver): void {
    this.observers.push(observer);
    if (this.isCurrent) observer.onCurrent?.();
  }

  /**
   * Hands on every change of the call whose number is greater than `after`, the past ones too.
   * @returns how to stop
   */
  subscribe(callSid: string, after: number, listener: FeedListener): () => void {
    return this.subscriptions.add(callSid, after, listener);
  }

  /** What this replica has committed. Whoever asks it afterwards gets no older answer. */
  publish(bytes: string): void {
    const item = this.readOrDistrust(bytes);
    if (!item) return;
    this.tell(item);
    this.tellObservers((observer) => observer.onPublished?.(item.change));
    if (this.connection.isConnected) this.hints.give(bytes);
  }

  private onHint(bytes: string): void {
    const item = this.readOrDistrust(bytes);
    if (item) this.tell(item);
  }

  private tell(item: FeedItem): void {
    const { callSid, number } = item.change.data;
    if (number > (this.toldSince.get(callSid) ?? 0)) this.toldSince.set(callSid, number);
    this.tellObservers((observer) => observer.onChange?.(item.change));
    this.subscriptions.dispatch(callSid, number, item);
  }

  /** Of a newer version, or of a person at psql. One that cannot be read may stand for a change that is missed now. */
  private readOrDistrust(bytes: string): FeedItem | undefined {
    try {
      return { bytes, change: readChange(bytes) };
    } catch (error) {
      // The next look finds what the others of a flood told.
      if (performance.now() - this.distrustedAt < LOOK_EVERY_MS) return undefined;
      this.distrustedAt = performance.now();
      this.logger.warn({ error }, 'notification cannot be read; dropping remembered states and reading the database');
      if (this.isCurrent) this.startAnew();
      return undefined;
    }
  }

  /** The first look of a session. */
  private async begin(): Promise<void> {
    this.toldSince = new Map();
    this.lookedUntil = await beginToLook(this.connection.ask);
    if (this.staleTimer) this.logger.info('changes are seen again');
    clearInterval(this.staleTimer);
    this.staleTimer = undefined;
    this.isCurrent = true;
    this.startAnew();
    this.lookLater();
  }

  /** What was remembered is dropped, and read for those who wait. */
  private startAnew(): void {
    this.tellObservers((observer) => observer.onCurrent?.());
    this.subscriptions.readAll();
  }

  private lookLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // A connection that is lost has reported why, and begins anew.
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
    const missed = [...new Set(changes.filter(isNews).map(({ callSid }) => callSid))];
    if (missed.length === 0) return;
    this.tellObservers((observer) => observer.onMissed?.(missed));
    this.subscriptions.readMissed(missed);
  }

  private onHearing(isHearing: boolean): void {
    if (!isHearing && !this.hasMissedHints) {
      this.logger.warn(
        'hints of other replicas do not arrive, as behind a pooler in transaction mode; their changes are seen half a second later',
      );
    }
    if (isHearing && this.hasMissedHints) this.logger.info('hints of other replicas arrive again');
    this.hasMissedHints = !isHearing;
    this.tellObservers((observer) => observer.onHearing?.(isHearing));
  }

  private onLost(error: unknown): void {
    clearTimeout(this.timer);
    this.hints.drop();
    this.isCurrent = false;
    this.logger.warn({ error }, 'changes cannot be seen; answering from the database until they can be');
    this.tellObservers((observer) => {
      observer.onStale?.();
      observer.onHearing?.(false);
    });
    this.staleTimer ??= setInterval(() => {
      this.subscriptions.readAll();
    }, READ_EVERY_MS);
  }

  /** All of this runs within a listener of the connection: an error of one recipient must end neither the others' turn nor the process. */
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
