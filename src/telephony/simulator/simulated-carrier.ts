/**
 * The simulated telephone company. It holds calls and runs them by their script, independently of the clients that
 * ordered them. Its methods take and return plain data and are asynchronous, as if it were another machine.
 */
import { randomBytes } from 'node:crypto';
import type { CallMilestone, DialRequest, Refusal } from '../telephony-provider.js';
import { causesOf, scriptFor, scriptOf, type Delivery, type ScriptStep } from './call-script.js';
import { FINISHED_CALLS_KEPT, hasHappened, CallLog, type CarrierEvent, type CallLogEntry } from './call-log.js';
import { OWN_REFUSALS } from './own-refusals.js';

export interface SimulatedCarrierOptions {
  /** The factor by which time runs faster. */
  readonly speed: number;
  /** Receives each event when it is due for delivery; the events of one call in the order of delivery. */
  readonly emit: (event: CarrierEvent) => void;
  /** The number of finished calls on record; default FINISHED_CALLS_KEPT. */
  readonly finishedCallsKept?: number;
}

export type DialAnswer =
  | { readonly kind: 'accepted'; readonly callId: string }
  | { readonly kind: 'no_reply' }
  | { readonly kind: 'server_error' }
  | ({ readonly kind: 'refused' } & Refusal);

export interface HangUpOrder {
  readonly callSid: string;
  /** The order applies only to a call that has not reached this milestone. */
  readonly before?: CallMilestone;
}

/**
 * taken: an order has ended the call, this one or an earlier one. gone: it had ended by itself, or there is no such
 * call. passed: it had reached the milestone, and this order has not changed it.
 */
export type HangUpAnswer = 'taken' | 'gone' | 'passed';

const CLOSED: Refusal = { ...OWN_REFUSALS.closed, text: 'the carrier is closed' };

export class SimulatedCarrier {
  private readonly speed: number;
  private readonly emit: (event: CarrierEvent) => void;
  private readonly book: CallLog;
  /** The next step of each call. */
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private closed = false;

  constructor({ speed, emit, finishedCallsKept = FINISHED_CALLS_KEPT }: SimulatedCarrierOptions) {
    this.speed = speed;
    this.emit = emit;
    this.book = new CallLog(finishedCallsKept);
  }

  async dial(request: Omit<DialRequest, 'subAccount'>): Promise<DialAnswer> {
    if (this.closed) return { kind: 'refused', ...CLOSED };
    const known = this.book.find(request.callSid);
    if (known) known.dials++;
    const { callId, calleePhone } = known ?? this.enter(request);
    const { reply } = scriptFor(calleePhone);
    if (typeof reply === 'object') return { kind: 'refused', ...reply };
    if (callId === null) return { kind: 'server_error' };
    return reply === 'hangs' ? { kind: 'no_reply' } : { kind: 'accepted', callId };
  }

  /** Decided in one synchronous step: nothing can happen to the call in between. */
  async hangUp({ callSid, before }: HangUpOrder): Promise<HangUpAnswer> {
    const entry = this.book.find(callSid);
    if (!entry?.callId) return 'gone';
    entry.hangUps++;
    const wasAnswered = hasHappened(entry, 'answered');
    if (before && (wasAnswered || hasHappened(entry, before))) return 'passed';
    if (hasHappened(entry, 'ended')) return entry.endedByOrder ? 'taken' : 'gone';
    entry.endedByOrder = true;
    const endReason = wasAnswered ? 'completed' : 'canceled';
    const causes = causesOf(endReason, hasHappened(entry, 'caller_answered'));
    this.record(entry, { type: 'ended', endReason, detail: { by: 'order' }, causes });
    return 'taken';
  }

  /** The events so far; null if there is no such call. */
  async statusOf(callSid: string): Promise<readonly CarrierEvent[] | null> {
    const entry = this.book.find(callSid);
    return entry?.callId ? structuredClone(entry.events) : null;
  }

  /** All dials that are still on record, in their current state. */
  async callLog(): Promise<readonly CallLogEntry[]> {
    return this.book.copy();
  }

  /** Stops all calls and accepts no more. */
  close(): void {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private enter(request: Omit<DialRequest, 'subAccount'>): CallLogEntry {
    const { callSid, callerPhone, calleePhone, calleeExtension, hunt } = request;
    const { reply, steps } = scriptOf(calleePhone, hunt);
    const isPlaced = reply === 'accepts' || reply === 'hangs';
    const callId = isPlaced ? `SIM${randomBytes(12).toString('hex')}` : null;
    const phones = {
      ...{ callerPhone, calleePhone },
      ...(calleeExtension !== undefined && { calleeExtension }),
      ...(hunt && { hunt }),
    };
    const entry = { callSid, callId, ...phones, dials: 1, hangUps: 0, endedByOrder: false, events: [] };
    if (isPlaced) {
      this.book.begin(entry);
      this.await(entry, 0, steps);
    } else this.book.finish(entry);
    return entry;
  }

  private await(entry: CallLogEntry, sinceSeconds: number, [step, ...more]: readonly ScriptStep[]): void {
    if (!step) return;
    const timer = setTimeout(
      () => {
        this.timers.delete(entry.callSid);
        this.record(entry, step);
        this.await(entry, step.atSeconds, more);
      },
      ((step.atSeconds - sinceSeconds) * 1000) / this.speed,
    );
    this.timers.set(entry.callSid, timer);
  }

  private record(entry: CallLogEntry, what: Omit<ScriptStep, 'atSeconds'>): void {
    const { callSid, callId, calleePhone, events } = entry;
    if (callId === null) throw new Error(`nothing happens to call ${callSid}, which was never placed`);
    const { type, endReason, place, detail, causes } = what;
    const event: CarrierEvent = {
      id: `${callId}-${events.length + 1}`,
      type,
      callSid,
      callId,
      occurredAt: new Date().toISOString(),
      ...(endReason && { endReason }),
      ...(place !== undefined && { place }),
      ...(detail && { detail }),
      ...(causes && { causes }),
    };
    events.push(event);
    if (type === 'ended') {
      clearTimeout(this.timers.get(callSid));
      this.timers.delete(callSid);
      this.book.finish(entry);
    }
    for (const due of deliveriesAfter(events, event, scriptFor(calleePhone).delivery)) this.emit(due);
  }
}

/** The deliveries after an event: the event, the event twice, or none until all events can be sent in reverse order. */
const deliveriesAfter = (
  events: readonly CarrierEvent[],
  event: CarrierEvent,
  delivery: Delivery,
): readonly CarrierEvent[] => {
  if (delivery === 'twice') return [event, event];
  if (delivery === 'in order') return [event];
  return event.type === 'ended' ? events.toReversed() : [];
};
