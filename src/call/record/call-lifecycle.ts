/**
 * The one rule of what an event does to a call. Pure: no database, no clock.
 *
 * Events come twice, late, early and in any order, so the rule is a join: applying a set of events gives the same call
 * whatever their order and however often each is applied. State takes the greatest, each time the earliest, and of
 * several ends one wins by `outranks`. `apply-call-event.ts` says the same in SQL; a test holds the two together over
 * the full grid.
 */
import type { ProviderEndReason } from '../../telephony/telephony-provider.js';

/** The contract's stateType. It only grows. */
export const StateType = { requested: 1, ringing: 2, answered: 3, over: 4 } as const;
export type StateType = (typeof StateType)[keyof typeof StateType];

/** `lost`: nobody could tell us how the call went. */
export type EndReason = ProviderEndReason | 'lost';

/** Earlier ones win over later ones where two ends happened at the same instant. */
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

/** On whose word a call is over. Earlier ones outrank later ones. */
export const END_AUTHORITIES = ['cancel', 'provider', 'sweeper'] as const;
export type EndSource = (typeof END_AUTHORITIES)[number];

export type CallEventType =
  'accepted' | 'caller_answered' | 'ringing' | 'answered' | 'ended' | 'refused' | 'canceled' | 'expired' | 'lost';

interface EventRule {
  /** The least state the call is in after the event. */
  readonly reaches: StateType;
  /** With the events that end a call. */
  readonly authority?: EndSource;
  /** A word of our own that a call can be over: said too late, it is not said at all. */
  readonly onlyWhileOpen?: true;
}

export const EVENT_RULES: Readonly<Record<CallEventType, EventRule>> = {
  /** The provider took the dial and told its id: in its reply, or by an event where that was lost. */
  accepted: { reaches: StateType.requested },
  /** Leg A picked up: worth a line in the timeline, no state of the contract. */
  caller_answered: { reaches: StateType.requested },
  ringing: { reaches: StateType.ringing },
  answered: { reaches: StateType.answered },
  ended: { reaches: StateType.over, authority: 'provider' },
  /** The provider would not dial; nobody was rung. */
  refused: { reaches: StateType.over, authority: 'provider' },
  /** The provider took our order to hang up. Its own word of that end may be stored first: the end is by our order all the same. */
  canceled: { reaches: StateType.over, authority: 'cancel' },
  /** The sweeper hung up a call past its longest stay; likewise. */
  expired: { reaches: StateType.over, authority: 'sweeper' },
  /** The sweeper could not find out. Truth that comes afterwards outranks it. */
  lost: { reaches: StateType.over, authority: 'sweeper', onlyWhileOpen: true },
};

/** What the lifecycle knows of a call. */
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

/** Seconds of talk; null where the call was not answered or is not over. Clocks differ, so never below zero. */
export const talkSeconds = ({ answeredAt, endedAt }: Pick<CallProgress, 'answeredAt' | 'endedAt'>): number | null =>
  answeredAt && endedAt ? Math.max(0, Math.round((endedAt.getTime() - answeredAt.getTime()) / 1000)) : null;
