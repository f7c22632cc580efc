/**
 * The rule of what an event does to a call. Pure: no database, no clock.
 * Events arrive twice, late, early and in any order. So the rule is a join: a set of events gives the same call in any
 * order and with any number of repeats. The state is the greatest, each time is the earliest, and of several ends one
 * wins by `outranks`. `apply-call-event.ts` implements the same rule in SQL; a test compares the two over the full
 * grid.
 */
import type { ProviderEndReason } from '../../telephony/telephony-provider.js';

/** The contract's stateType. It never decreases. */
export const StateType = { requested: 1, ringing: 2, answered: 3, over: 4 } as const;
export type StateType = (typeof StateType)[keyof typeof StateType];

/** `lost`: the outcome of the call could not be learned. An event of type `lost` may also end a call as `failed`. */
export type EndReason = ProviderEndReason | 'lost';

/** Of two ends at the same instant, the earlier entry of this list wins. */
export const END_REASONS = [
  'completed',
  'canceled',
  'busy',
  'no_answer',
  'rejected',
  'unreachable',
  'failed',
  'lost',
] as const satisfies readonly EndReason[];

/** The source that ended a call. Earlier entries outrank later ones. */
export const END_AUTHORITIES = ['cancel', 'provider', 'sweeper'] as const;
export type EndSource = (typeof END_AUTHORITIES)[number];

export type CallEventType =
  | 'accepted'
  | 'caller_answered'
  | 'ringing'
  | 'leg_ended'
  | 'answered'
  | 'ended'
  | 'refused'
  | 'canceled'
  | 'expired'
  | 'lost';

interface EventRule {
  /** The minimum state of the call after the event. */
  readonly reaches: StateType;
  /** With the events that end a call. */
  readonly authority?: EndSource;
  /** An event of ours that is dropped if the call is already over. */
  readonly onlyWhileOpen?: true;
}

export const EVENT_RULES: Readonly<Record<CallEventType, EventRule>> = {
  /** The provider accepted the dial and its id is known: from its reply, or from an event if the reply was lost. */
  accepted: { reaches: StateType.requested },
  /** Leg A was answered: an entry in the timeline, but not a state of the contract. */
  caller_answered: { reaches: StateType.requested },
  ringing: { reaches: StateType.ringing },
  /** A number of a hunt has ended without an answer, and the next one is dialled: an entry in the timeline, as above. */
  leg_ended: { reaches: StateType.requested },
  answered: { reaches: StateType.answered },
  ended: { reaches: StateType.over, authority: 'provider' },
  /** The provider refused the dial; no phone rang. */
  refused: { reaches: StateType.over, authority: 'provider' },
  /** The provider accepted our hang-up order. Its own end event may be stored first; the end still counts as ours. */
  canceled: { reaches: StateType.over, authority: 'cancel' },
  /** The sweeper hung up a call past its longest stay. The same holds here. */
  expired: { reaches: StateType.over, authority: 'sweeper' },
  /**
   * The sweeper could not learn the outcome, or found, with `failed`, that the call was never placed. The latter is dropped if the
   * provider has told otherwise meanwhile. A provider's later event outranks it.
   */
  lost: { reaches: StateType.over, authority: 'sweeper', onlyWhileOpen: true },
};

/** The part of a call that the lifecycle reads and changes. */
export interface CallProgress {
  readonly state: StateType;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  readonly endedAt: Date | null;
  readonly endReason: EndReason | null;
  readonly endedBy: EndSource | null;
}

export interface LifecycleEvent {
  readonly type: CallEventType;
  readonly occurredAt: Date;
  /** With the events that end a call. */
  readonly endReason?: EndReason;
}

export const REQUESTED: CallProgress = {
  state: StateType.requested,
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
  endReason: null,
  endedBy: null,
};

export const advance = (call: CallProgress, event: LifecycleEvent): CallProgress => {
  const rule = EVENT_RULES[event.type];
  if (rule.onlyWhileOpen && call.state === StateType.over) return call;
  if (saysNeverPlaced(event) && call.state !== StateType.requested) return call;

  const answeredAt = event.type === 'answered' ? earliest(call.answeredAt, event.occurredAt) : call.answeredAt;
  const end = rule.authority && outranks(event, rule.authority, call) ? endOf(event, rule.authority) : call;
  return {
    state: Math.max(call.state, rule.reaches) as StateType,
    ringingAt: event.type === 'ringing' ? earliest(call.ringingAt, event.occurredAt) : call.ringingAt,
    answeredAt,
    endedAt: end.endedAt,
    endReason: end.endReason === 'canceled' && answeredAt ? 'completed' : end.endReason,
    endedBy: end.endedBy,
  };
};

/** The statement also drops it if the call has an id of the provider. */
export const saysNeverPlaced = ({ type, endReason = 'failed' }: Pick<LifecycleEvent, 'type' | 'endReason'>): boolean =>
  type === 'lost' && endReason === 'failed';

const endOf = (event: LifecycleEvent, authority: EndSource) => ({
  endedAt: event.occurredAt,
  endReason: event.endReason ?? ('failed' as const),
  endedBy: authority,
});

const earliest = (known: Date | null, candidate: Date): Date => (known && known <= candidate ? known : candidate);

const outranks = (event: LifecycleEvent, authority: EndSource, call: CallProgress): boolean => {
  if (!call.endedBy || !call.endedAt || !call.endReason) return true;
  const rank = END_AUTHORITIES.indexOf(authority) - END_AUTHORITIES.indexOf(call.endedBy);
  if (rank !== 0) return rank < 0;
  const time = event.occurredAt.getTime() - call.endedAt.getTime();
  if (time !== 0) return time < 0;
  return END_REASONS.indexOf(event.endReason ?? 'failed') < END_REASONS.indexOf(call.endReason);
};

/** Seconds of talk; null if the call was not answered or is not over. Clocks differ, so a negative result becomes 0. */
export const talkSeconds = ({ answeredAt, endedAt }: Pick<CallProgress, 'answeredAt' | 'endedAt'>): number | null =>
  answeredAt && endedAt ? Math.max(0, Math.round((endedAt.getTime() - answeredAt.getTime()) / 1000)) : null;
