/**
 * The carrier's record of every dial, so that a test can compare our records with what happened. Plain data, so that
 * it can be read from another process.
 */
import { LRUCache } from 'lru-cache';
import { growingTo } from '../../common/growing-cache.js';
import type { HuntedNumber, ProviderEndReason, ProviderEvent, ProviderEventType } from '../telephony-provider.js';

export interface CarrierEvent {
  readonly id: string;
  readonly type: ProviderEventType;
  readonly callSid: string;
  readonly callId: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly endReason?: ProviderEndReason;
  /** Of a hunt. */
  readonly place?: number;
  readonly detail?: Readonly<Record<string, string>>;
  readonly causes?: NonNullable<ProviderEvent['causes']>;
}

export interface CallLogEntry {
  readonly callSid: string;
  /** Null if the dial was refused or failed, and no phone rang. */
  readonly callId: string | null;
  readonly callerPhone: string;
  readonly calleePhone: string;
  readonly calleeExtension?: string;
  readonly hunt?: readonly HuntedNumber[];
  /** More than one means that a phone rang twice. */
  dials: number;
  /** Hang-up orders, including late ones. */
  hangUps: number;
  /** True if an order, and not the script, has ended the call. */
  endedByOrder: boolean;
  readonly events: CarrierEvent[];
}

/** A few kilobytes each, so some tens of megabytes at most, however long the simulator runs. */
export const FINISHED_CALLS_KEPT = 10_000;

export class CallLog {
  /** Never dropped, because every call ends. */
  private readonly open = new Map<string, CallLogEntry>();
  private readonly finished: LRUCache<string, CallLogEntry>;

  constructor(finishedCallsKept: number) {
    this.finished = new LRUCache(growingTo(finishedCallsKept));
  }

  find(callSid: string): CallLogEntry | undefined {
    return this.open.get(callSid) ?? this.finished.get(callSid);
  }

  begin(entry: CallLogEntry): void {
    this.open.set(entry.callSid, entry);
  }

  /** The call has no further events. */
  finish(entry: CallLogEntry): void {
    this.open.delete(entry.callSid);
    this.finished.set(entry.callSid, entry);
  }

  copy(): CallLogEntry[] {
    return structuredClone([...this.finished.values(), ...this.open.values()]);
  }
}

export const hasHappened = ({ events }: CallLogEntry, type: ProviderEventType): boolean =>
  events.some((event) => event.type === type);
