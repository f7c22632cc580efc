/**
 * The telephone company that is simulated: it holds calls, lets them run by their script, and writes everything down in a
 * ledger of its own, so that a test can compare what we recorded with what happened.
 */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { DialRequest, ProviderEndReason, ProviderEventType, Refusal } from '../telephony-provider.js';
import { scriptFor, type CallScript, type Delivery, type ScriptStep } from './call-script.js';

/** As the exchange tells it: data only. */
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
  readonly callId: string;
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** More than once would mean that somebody's phone rang twice. */
  dials: number;
  /** Orders to hang up, those included that came too late. */
  hangUps: number;
  readonly delivery: Delivery;
  readonly events: ExchangeEvent[];
  endedByOrder: boolean;
}

export type DialAnswer =
  | { readonly kind: 'accepted'; readonly callId: string }
  | { readonly kind: 'no_reply' }
  | { readonly kind: 'server_error' }
  | ({ readonly kind: 'refused' } & Refusal);

/** passed: the call has reached the state before which it was to be ended, and goes on. */
export type HangUpAnswer = 'taken' | 'gone' | 'passed';

interface LiveCall {
  readonly entry: LedgerEntry;
  readonly steps: readonly ScriptStep[];
  timer: NodeJS.Timeout | undefined;
}

/** Enough to look back on a long test; a ledger of everything would never stop growing. */
const MOST_CALLS = 100_000;

export class Exchange {
  private readonly calls = new LRUCache<string, LiveCall>({
    max: MOST_CALLS,
    dispose: ({ timer }) => {
      clearTimeout(timer);
    },
  });

  /**
   * @param speed how many times faster than life
   * @param tell is handed each event when it is to be delivered
   */
  constructor(
    private readonly speed: number,
    private readonly tell: (event: ExchangeEvent) => void,
  ) {}

  dial({ callSid, callerPhone, calleePhone }: Omit<DialRequest, 'subAccount'>): DialAnswer {
    const script = scriptFor(calleePhone);
    if (script.reply === 'fails') return { kind: 'server_error' };
    if (typeof script.reply === 'object') return { kind: 'refused', ...script.reply };
    const known = this.calls.get(callSid);
    if (known) known.entry.dials++;
    const { entry } = known ?? this.place(callSid, callerPhone, calleePhone, script);
    return script.reply === 'hangs' ? { kind: 'no_reply' } : { kind: 'accepted', callId: entry.callId };
  }

  /** @param before the order holds only for a call that has not come so far yet */
  hangUp(callSid: string, before?: 'ringing' | 'answered'): HangUpAnswer {
    const call = this.calls.get(callSid);
    if (!call) return 'gone';
    call.entry.hangUps++;
    if (hasEnded(call.entry)) return call.entry.endedByOrder ? 'taken' : 'gone';
    const wasAnswered = has(call.entry, 'answered');
    if (before && (wasAnswered || has(call.entry, before))) return 'passed';
    clearTimeout(call.timer);
    call.entry.endedByOrder = true;
    this.happen(call, { atSeconds: 0, type: 'ended', endReason: wasAnswered ? 'completed' : 'canceled' });
    return 'taken';
  }

  /** What has happened so far; null where there is no such call. */
  statusOf(callSid: string): readonly ExchangeEvent[] | null {
    return this.calls.get(callSid)?.entry.events ?? null;
  }

  get ledger(): readonly Readonly<LedgerEntry>[] {
    return [...this.calls.values()].map(({ entry }) => entry);
  }

  /** Lets no call go on. */
  close(): void {
    this.calls.clear();
  }

  private place(callSid: string, callerPhone: string, calleePhone: string, { steps, delivery }: CallScript): LiveCall {
    const callId = `SIM${randomBytes(12).toString('hex')}`;
    const entry = { callSid, callId, callerPhone, calleePhone, delivery, dials: 1, hangUps: 0, endedByOrder: false };
    const call: LiveCall = { entry: { ...entry, events: [] }, steps, timer: undefined };
    this.calls.set(callSid, call);
    this.await(call, 0);
    return call;
  }

  private await(call: LiveCall, index: number): void {
    const step = call.steps[index];
    if (!step) return;
    const since = call.steps[index - 1]?.atSeconds ?? 0;
    call.timer = setTimeout(
      () => {
        this.happen(call, step);
        this.await(call, index + 1);
      },
      ((step.atSeconds - since) * 1000) / this.speed,
    );
  }

  private happen({ entry }: LiveCall, { type, endReason, detail }: ScriptStep): void {
    const event: ExchangeEvent = {
      id: `${entry.callId}-${entry.events.length + 1}`,
      type,
      callSid: entry.callSid,
      callId: entry.callId,
      occurredAt: new Date().toISOString(),
      ...(endReason && { endReason }),
      ...(detail && { detail }),
    };
    entry.events.push(event);
    for (const due of deliveriesAfter(entry, event)) this.tell(due);
  }
}

/** What is told when an event has happened: itself, itself twice, or nothing until all of them can be told backwards. */
const deliveriesAfter = (entry: LedgerEntry, event: ExchangeEvent): readonly ExchangeEvent[] => {
  if (entry.delivery === 'twice') return [event, event];
  if (entry.delivery === 'in order') return [event];
  return event.type === 'ended' ? entry.events.toReversed() : [];
};

const has = ({ events }: LedgerEntry, type: ProviderEventType): boolean => events.some((event) => event.type === type);
const hasEnded = (entry: LedgerEntry): boolean => has(entry, 'ended');
