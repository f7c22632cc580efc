/**
 * The exchange's own book: every dial it was ever asked for, so that a test can compare what we recorded with what
 * happened. Data only, so that it can be read from another process.
 */
import { LRUCache } from 'lru-cache';
import type { ProviderEndReason, ProviderEventType } from '../telephony-provider.js';

export interface ExchangeEvent {
  readonly id: string;
  readonly type: ProviderEventType;
  readonly callSid: string;
  readonly callId: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly endReason?: ProviderEndReason;
  readonly detail?: Readonly<Record<string, string>>;
}

export interface LedgerEntry {
  readonly callSid: string;
  /** Null where the dial was refused or failed, and no phone was rung. */
  readonly callId: string | null;
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** More than once would mean that somebody's phone rang twice. */
  dials: number;
  /** Orders to hang up, those included that came too late. */
  hangUps: number;
  /** The order, and not the script, has ended the call. */
  endedByOrder: boolean;
  readonly events: ExchangeEvent[];
}

/** A few kilobytes each: some tens of megabytes at worst, however long the simulator runs. */
export const FINISHED_CALLS_KEPT = 10_000;

export class Ledger {
  /** Never dropped: a call that has begun is also ended. */
  private readonly open = new Map<string, LedgerEntry>();
  private readonly finished: LRUCache<string, LedgerEntry>;

  constructor(finishedCallsKept: number) {
    this.finished = new LRUCache({ max: finishedCallsKept });
  }

  find(callSid: string): LedgerEntry | undefined {
    return this.open.get(callSid) ?? this.finished.get(callSid);
  }

  begin(entry: LedgerEntry): void {
    this.open.set(entry.callSid, entry);
  }

  /** Nothing more will happen to the call. */
  finish(entry: LedgerEntry): void {
    this.open.delete(entry.callSid);
    this.finished.set(entry.callSid, entry);
  }

  copy(): LedgerEntry[] {
    return structuredClone([...this.finished.values(), ...this.open.values()]);
  }
}

export const hasHappened = ({ events }: LedgerEntry, type: ProviderEventType): boolean =>
  events.some((event) => event.type === type);
