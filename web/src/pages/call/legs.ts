/** What the events of a call say of its two legs, for the drawing. Pure. */
import type { Schemas } from '../../api/client';

export type Call = Schemas['CallReply'];
export type CallEvent = Call['events'][number];

/** As the service names itself as the source of an event. */
const RINGBACK = 'ringback';

export const LANES = ['ringback', 'A', 'B'] as const;
export type Lane = (typeof LANES)[number];
export type Leg = 'A' | 'B';

export type Phase = 'waiting' | 'dialled' | 'rings' | 'answered' | 'talks';

export interface Span {
  readonly leg: Leg;
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
  /** It goes on. */
  readonly isOpen: boolean;
}

/** Events of one lane at one instant. */
export interface Mark {
  readonly lane: Lane;
  readonly at: number;
  readonly events: readonly CallEvent[];
}

const ms = (at: string): number => Date.parse(at);

export const isOfRingback = ({ provider }: CallEvent): boolean => provider === RINGBACK;

/** Sources have their own clocks. Those of one instant stay in the order in which they were stored. */
export const inOrder = ({ events }: Call): CallEvent[] =>
  events.toSorted((one, other) => ms(one.occurredAt) - ms(other.occurredAt));

const namedLeg = ({ detail }: CallEvent): Leg | null => {
  const leg = detail?.['leg'];
  return leg === 'A' || leg === 'B' ? leg : null;
};

type Check = Schemas['CheckReply'];

/** With the request: what the rules saw and said. */
export const checksIn = ({ detail }: CallEvent): readonly Check[] => {
  const checks = detail?.['checks'];
  return Array.isArray(checks) ? (checks as Check[]) : [];
};

/** The other facts of an event; its leg is known by `legOf`. */
export const codesIn = ({ detail }: CallEvent): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(detail ?? {}).filter(([name]) => name !== 'leg' && name !== 'checks'));

const LEG_OF_TYPE: Partial<Record<CallEvent['type'], Leg>> = { caller_answered: 'A', ringing: 'B', answered: 'B' };

/** Null if it is about both. */
export const legOf = (event: CallEvent): Leg | null => namedLeg(event) ?? LEG_OF_TYPE[event.type] ?? null;

const timeOf = (call: Call, type: CallEvent['type']): number | null => {
  const event = inOrder(call).find((one) => one.type === type);
  return event ? ms(event.occurredAt) : null;
};

/** The leg that was dialled last is the one that an end without a leg is about. */
export const wasLegBDialled = (call: Call): boolean =>
  call.ringingAt !== null ||
  call.answeredAt !== null ||
  call.causes.B !== null ||
  call.events.some((event) => legOf(event) === 'B') ||
  (call.endedAt === null && timeOf(call, 'caller_answered') !== null);

const laneOf = (event: CallEvent, call: Call): Lane => {
  if (isOfRingback(event)) return RINGBACK;
  return legOf(event) ?? (event.type === 'ended' && wasLegBDialled(call) ? 'B' : 'A');
};

export const marksOf = (call: Call): Mark[] => {
  const marks = new Map<string, { lane: Lane; at: number; events: CallEvent[] }>();
  for (const event of inOrder(call)) {
    const at = ms(event.occurredAt);
    const lane = laneOf(event, call);
    const mark = marks.get(`${lane} ${at}`) ?? { lane, at, events: [] };
    mark.events.push(event);
    marks.set(`${lane} ${at}`, mark);
  }
  return [...marks.values()];
};

const earliest = (...times: readonly (number | null)[]): number | null => {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/** @param now where an open call ends in the drawing */
export const spansOf = (call: Call, now: number): Span[] => {
  const isOpen = call.endedAt === null;
  const requested = ms(call.requestedAt);
  const end = call.endedAt === null ? Math.max(now, requested) : ms(call.endedAt);
  const accepted = timeOf(call, 'accepted');
  const ringing = call.ringingAt === null ? null : ms(call.ringingAt);
  const answered = call.answeredAt === null ? null : ms(call.answeredAt);
  // A provider that does not report leg A's answer has dialled leg B only after it.
  const callerAnswered = timeOf(call, 'caller_answered') ?? earliest(ringing, answered);
  const dialled = accepted ?? callerAnswered;
  const spans: Span[] = [];
  const add = (leg: Leg, phase: Phase, from: number | null, ...until: readonly (number | null)[]): void => {
    if (from === null) return;
    const next = earliest(...until);
    const to = Math.max(from, Math.min(next ?? end, end));
    if (to > from) spans.push({ leg, phase, from, to, isOpen: isOpen && next === null });
  };
  add('A', 'waiting', requested, dialled);
  add('A', 'dialled', dialled, callerAnswered);
  add('A', 'answered', callerAnswered);
  if (wasLegBDialled(call)) {
    add('B', 'dialled', callerAnswered, ringing, answered);
    add('B', 'rings', ringing, answered);
    add('B', 'talks', answered);
  }
  return spans;
};

/** Of the free width, each step gets this part at least: its marks have to be told apart. */
const LEAST = 0.6;

/** Where an instant stands between 0 and 1. A step that is a hundred times as long is ten times as wide. */
export const scaleOf = (instants: readonly number[]): ((at: number) => number) => {
  const times = [...new Set(instants)].toSorted((one, other) => one - other);
  const steps = times.slice(1).map((time, index) => Math.sqrt(time - (times[index] ?? time)));
  const sum = steps.reduce((total, step) => total + step, 0);
  const places = new Map<number, number>();
  let place = 0;
  times.forEach((time, index) => {
    if (index > 0) place += LEAST / steps.length + (1 - LEAST) * ((steps[index - 1] ?? 0) / sum);
    places.set(time, place);
  });
  return (at) => places.get(at) ?? 0;
};
