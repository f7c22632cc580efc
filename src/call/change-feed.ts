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
import { USERS_BLOCKED_CHANNEL } from '../directory/user.service.js';
import { CALL_CHANGED_CHANNEL, readChange, type CallChange } from './call-change.js';
import { ListeningConnection } from './listening-connection.js';

/** One change: its bytes for passing on, and what they mean. */
export interface FeedItem {
  readonly bytes: string;
  readonly change: CallChange;
}

/** Gets null in place of a change that this version of Ringback cannot read: the next one comes all the same. */
export type FeedListener = (item: FeedItem | null) => void;

interface Subscription {
  readonly callSid: string;
  /** The number of the last change that was handed on, or could not be read. */
  last: number;
  readonly listener: FeedListener;
}

export interface FeedObserver {
  onChange?(change: CallChange): void;
  /** Which ones is for the database to tell. */
  onUsersBlocked?(): void;
  /** Changes may be missed from now on, until `onListening`. */
  onDeaf(): void;
  onListening(): void;
}

/** While the connection is away, the table is read this often for everybody who waits; and again after a failure. */
const READ_EVERY_MS = 1_000;
/** Calls that one statement reads for. */
const CALLS_A_READ = 200;

interface ChangeRow {
  readonly callSid: string;
  readonly number: number;
  readonly bytes: string;
}

const readChanges = hotStatement<ChangeRow>(
  'read-changes',
  `
select call_sid as "callSid", change_number as number, change as bytes from call_event
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
    this.connection = new ListeningConnection(config.databaseUrl ?? '', [CALL_CHANGED_CHANNEL, USERS_BLOCKED_CHANNEL], {
      onNotification: (channel, payload) => {
        if (channel === CALL_CHANGED_CHANNEL) this.onNotification(payload);
        else this.tellObservers((observer) => observer.onUsersBlocked?.());
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

  /** How many are told of changes now. */
  get listeners(): number {
    let listeners = 0;
    for (const { size } of this.subscriptions.values()) listeners += size;
    return listeners;
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
  subscribe(callSid: string, after: number, listener: FeedListener): () => void {
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
    this.tellObservers((observer) => {
      observer.onChange?.(change);
    });
    this.handOn(change.data.callSid, change.data.number, { bytes, change });
  }

  /** Any database user can send a notification. One that cannot be read may stand for a change that is missed now. */
  private readOrDistrust(bytes: string): CallChange | undefined {
    try {
      return readChange(bytes);
    } catch (error) {
      this.logger.warn({ error }, 'notification cannot be read; dropping remembered states and reading the database');
      this.onListening();
      return undefined;
    }
  }

  private handOn(callSid: string, number: number, item: FeedItem | null): void {
    for (const subscription of this.subscriptions.get(callSid) ?? []) {
      if (number <= subscription.last) continue;
      if (number > subscription.last + 1) {
        this.read([callSid]);
        continue;
      }
      subscription.last = number;
      this.callSafely(() => {
        subscription.listener(item);
      });
    }
  }

  private tellObservers(tell: (observer: FeedObserver) => void): void {
    for (const observer of this.observers) {
      this.callSafely(() => {
        tell(observer);
      });
    }
  }

  /** All of this runs within a listener of the connection: an error of one recipient must end neither the others' turn nor the process. */
  private callSafely(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error({ error }, 'recipient of a change failed');
    }
  }

  private onListening(): void {
    clearInterval(this.deafTimer);
    this.deafTimer = undefined;
    this.tellObservers((observer) => {
      observer.onListening();
    });
    this.read(this.subscriptions.keys());
  }

  private onLost(error: unknown): void {
    this.logger.warn({ error }, 'not told of changes any more; reading the database until it listens again');
    this.tellObservers((observer) => {
      observer.onDeaf();
    });
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
      for (const row of rows) this.handOn(row.callSid, row.number, this.readRow(row));
    } catch (error) {
      this.logger.warn({ error }, 'changes could not be read yet');
      for (const callSid of batch) this.toRead.add(callSid);
      await sleep(READ_EVERY_MS);
    }
  }

  /** A row that a newer version wrote stays unreadable: it is passed over, or it would be read again and again. */
  private readRow({ callSid, number, bytes }: ChangeRow): FeedItem | null {
    try {
      return { bytes, change: readChange(bytes) };
    } catch (error) {
      this.logger.warn({ error, callSid, number }, 'stored change cannot be read; passing it over');
      return null;
    }
  }
}
