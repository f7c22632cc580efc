/**
 * The clients of this replica that wait for changes of a call. Each gets every change of its call once and in order. A
 * gap in the numbers is filled from the table, with one statement for many calls.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { readChange, type CallChange } from '../record/call-change.js';

/** A change: its bytes, and their parsed form. */
export interface FeedItem {
  readonly bytes: string;
  readonly change: CallChange;
}

/** Gets null instead of a change that this version of Ringback cannot read. Later changes still arrive. */
export type FeedListener = (item: FeedItem | null) => void;

interface Subscription {
  /** The number of the last change that was delivered or unreadable. */
  last: number;
  readonly listener: FeedListener;
}

/** After a failure. */
const READ_AGAIN_MS = 1_000;
/** Calls per statement. */
const CALLS_A_READ = 200;

interface ChangeRow {
  readonly callSid: string;
  readonly number: number;
  readonly bytes: string;
}

/** Call by call: each is read in its partition. All callSids together would be looked for in all partitions. */
const readChanges = preparedStatement<ChangeRow>(
  'read-changes',
  `
select event.call_sid as "callSid", event.change_number as number, event.change as bytes
from unnest($1::text[]) as given (call_sid)
cross join lateral (
  select call_sid, change_number, change from call_events
  where call_events.call_sid = given.call_sid and change_number is not null
  order by change_number
) event
order by 1, 2
`,
);

export class ChangeSubscriptions {
  private readonly subscriptions = new Map<string, Set<Subscription>>();
  private readonly toRead = new Set<string>();
  private reading: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly database: DataSource,
    private readonly logger: Logger,
  ) {}

  async close(): Promise<void> {
    this.closed = true;
    await this.reading;
  }

  get count(): number {
    let count = 0;
    for (const { size } of this.subscriptions.values()) count += size;
    return count;
  }

  /**
   * Passes every change of the call with a number greater than `after` to the listener, including past ones.
   * @returns the function that unsubscribes
   */
  add(callSid: string, after: number, listener: FeedListener): () => void {
    const subscription: Subscription = { last: after, listener };
    const others = this.subscriptions.get(callSid) ?? new Set();
    this.subscriptions.set(callSid, others.add(subscription));
    this.read([callSid]);
    return () => {
      others.delete(subscription);
      if (others.size === 0 && this.subscriptions.get(callSid) === others) this.subscriptions.delete(callSid);
    };
  }

  dispatch(callSid: string, number: number, item: FeedItem | null): void {
    for (const subscription of this.subscriptions.get(callSid) ?? []) {
      if (number <= subscription.last) continue;
      if (number > subscription.last + 1) {
        this.read([callSid]);
        continue;
      }
      subscription.last = number;
      try {
        subscription.listener(item);
      } catch (error) {
        this.logger.error({ error }, 'recipient of a change failed');
      }
    }
  }

  /** Reads the missed changes of those calls that have subscriptions. */
  readMissed(callSids: Iterable<string>): void {
    for (const callSid of callSids) if (this.subscriptions.has(callSid)) this.toRead.add(callSid);
    this.read([]);
  }

  readAll(): void {
    this.read(this.subscriptions.keys());
  }

  /** Reads for many calls at a time. Requests during a read share the next one. */
  private read(callSids: Iterable<string>): void {
    for (const callSid of callSids) this.toRead.add(callSid);
    this.reading ??= this.readBatch().finally(() => {
      this.reading = undefined;
      if (this.toRead.size > 0 && !this.closed) this.read([]);
    });
  }

  private async readBatch(): Promise<void> {
    await Promise.resolve();
    const batch = [...this.toRead].slice(0, CALLS_A_READ);
    if (batch.length === 0) return;
    for (const callSid of batch) this.toRead.delete(callSid);
    try {
      const rows = await readChanges(this.database, [batch]);
      for (const row of rows) this.dispatch(row.callSid, row.number, this.itemOf(row));
    } catch (error) {
      this.logger.warn({ error }, 'changes could not be read yet');
      for (const callSid of batch) this.toRead.add(callSid);
      await sleep(READ_AGAIN_MS);
    }
  }

  /** A row of a newer version stays unreadable. It is skipped, because otherwise it would be read again and again. */
  private itemOf({ callSid, number, bytes }: ChangeRow): FeedItem | null {
    try {
      return { bytes, change: readChange(bytes) };
    } catch (error) {
      this.logger.warn({ error, callSid, number }, 'stored change cannot be read; passing it over');
      return null;
    }
  }
}
