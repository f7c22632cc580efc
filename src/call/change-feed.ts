/**
 * What replicas tell each other (design rule 6): the changes of calls, by LISTEN over one connection a replica. Those who
 * wait for a call get each of its changes once and in order; a gap, or a time without the connection, is filled from the
 * table. Waiting costs no database connection.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { hotStatement } from '../database/hot-statement.js';
import { CALL_CHANGED_CHANNEL, readChange, type CallChange } from './call-change.js';
import { ListeningConnection } from './listening-connection.js';

/** One change: its bytes for passing on, and what they mean. */
export interface FeedItem {
  readonly bytes: string;
  readonly change: CallChange;
}

interface Subscription {
  readonly callSid: string;
  /** The number of the last change that was handed on. */
  last: number;
  readonly listener: (item: FeedItem) => void;
}

export interface FeedObserver {
  onChange(change: CallChange): void;
  /** Changes may be missed from now on, until `onListening`. */
  onDeaf(): void;
  onListening(): void;
}

/** While the connection is away, the table is read this often for everybody who waits; and again after a failure. */
const READ_EVERY_MS = 1_000;
/** Calls that one statement reads for. */
const CALLS_A_READ = 200;

const readChanges = hotStatement<{ callSid: string; bytes: string }>(
  'read-changes',
  `
select call_sid as "callSid", change as bytes from call_event
where call_sid = any($1) and change_number is not null
order by call_sid, change_number
`,
);

@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly subscriptions = new Map<string, Set<Subscription>>();
  private readonly observers: FeedObserver[] = [];
  private readonly connection: ListeningConnection;
  private readonly toRead = new Set<string>();
  private reading: Promise<void> | undefined;
  private deafTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.connection = new ListeningConnection(config.databaseUrl ?? '', CALL_CHANGED_CHANNEL, {
      onNotification: (payload) => {
        this.onNotification(payload);
      },
      onListening: () => {
        this.onListening();
      },
      onLost: (error) => {
        this.onLost(error);
      },
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connection.open();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.deafTimer);
    await this.connection.close();
    await this.reading;
  }

  /** For one that keeps something in memory which only notifications keep true. */
  observe(observer: FeedObserver): void {
    this.observers.push(observer);
    if (this.connection.isListening) observer.onListening();
  }

  /**
   * Hands on every change of the call whose number is greater than `after`, the past ones too.
   * @returns how to stop
   */
  subscribe(callSid: string, after: number, listener: (item: FeedItem) => void): () => void {
    const subscription: Subscription = { callSid, last: after, listener };
    const others = this.subscriptions.get(callSid) ?? new Set();
    this.subscriptions.set(callSid, others.add(subscription));
    this.read([callSid]);
    return () => {
      others.delete(subscription);
      if (others.size === 0 && this.subscriptions.get(callSid) === others) this.subscriptions.delete(callSid);
    };
  }

  private onNotification(bytes: string): void {
    const change = this.readOrDistrust(bytes);
    if (!change) return;
    for (const observer of this.observers) observer.onChange(change);
    this.handOn({ bytes, change });
  }

  /** Anybody who may connect may notify. What is not understood may stand for a change that is missed now. */
  private readOrDistrust(bytes: string): CallChange | undefined {
    try {
      return readChange(bytes);
    } catch (error) {
      this.logger.warn({ error }, 'a notification was not understood; forgetting and reading anew');
      this.onListening();
      return undefined;
    }
  }

  private handOn(item: FeedItem): void {
    const { callSid, number } = item.change.data;
    for (const subscription of this.subscriptions.get(callSid) ?? []) {
      if (number <= subscription.last) continue;
      if (number > subscription.last + 1) {
        this.read([callSid]);
        continue;
      }
      subscription.last = number;
      subscription.listener(item);
    }
  }

  private onListening(): void {
    clearInterval(this.deafTimer);
    this.deafTimer = undefined;
    for (const observer of this.observers) observer.onListening();
    this.read(this.subscriptions.keys());
  }

  private onLost(error: unknown): void {
    this.logger.warn({ error }, 'not told of changes any more; reading the database until it listens again');
    for (const observer of this.observers) observer.onDeaf();
    this.deafTimer ??= setInterval(() => {
      this.read(this.subscriptions.keys());
    }, READ_EVERY_MS);
  }

  /** Reads for many waiters at a time: requests that come while a read is under way share the next one. */
  private read(callSids: Iterable<string>): void {
    for (const callSid of callSids) this.toRead.add(callSid);
    this.reading ??= this.readAll().finally(() => {
      this.reading = undefined;
      if (this.toRead.size > 0 && !this.connection.isClosed) this.read([]);
    });
  }

  private async readAll(): Promise<void> {
    await Promise.resolve();
    const batch = [...this.toRead].slice(0, CALLS_A_READ);
    if (batch.length === 0) return;
    for (const callSid of batch) this.toRead.delete(callSid);
    try {
      const rows = await readChanges(this.database, [batch]);
      for (const { bytes } of rows) this.handOn({ bytes, change: readChange(bytes) });
    } catch (error) {
      this.logger.warn({ error }, 'changes could not be read yet');
      for (const callSid of batch) this.toRead.add(callSid);
      await sleep(READ_EVERY_MS);
    }
  }
}
