/** Turns Twilio's records of the two legs into the events that its callbacks would have sent. Pure. */
import type { LegCause, ProviderEvent } from '../telephony-provider.js';
import { acceptedFactId, dialFactId, factId, legAHasLeft } from './callback-events.js';
import { endReasonOf, isFinal, type LegStatus } from './end-reason.js';
import { passesOn } from './hunt.js';

/** A leg in Twilio's records. */
export interface RecordedLeg {
  readonly sid: string;
  /** True if leg A's Dial created it, and not our order. */
  readonly isLegB: boolean;
  readonly status: LegStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the leg was answered; null if it was not. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly seconds: number | null;
  readonly answeredBy: string | null;
}

type Fact = Omit<ProviderEvent, 'callSid' | 'providerCallId'>;

/**
 * @param legsB in the order in which they were dialled; several of a hunt
 * @param ringCalleeSeconds the ring time of leg B
 */
export const factsOf = (legA: RecordedLeg, legsB: readonly RecordedLeg[], ringCalleeSeconds: number): Fact[] => [
  { eventId: acceptedFactId(legA.sid), type: 'accepted', occurredAt: legA.createdAt },
  ...callerAnswered(legA),
  ...legsB.flatMap((legB, index) => {
    const place = index + 1;
    const isLast = place === legsB.length;
    const facts = factsOfLegB(legB, legA, ringCalleeSeconds, { place, isLast });
    return legsB.length === 1
      ? facts
      : facts.map((fact) => ({ ...fact, place, ...(!isLast && fact.type === 'ended' && LEG_ENDED) }));
  }),
  ...endOfLegA(legA),
];

/** The next number of a hunt was dialled. */
const LEG_ENDED = { type: 'leg_ended', causes: undefined } as const;

const hasBeenAnswered = ({ status }: RecordedLeg): boolean => status === 'in-progress' || status === 'completed';

const answer = (leg: RecordedLeg, name: 'A' | 'B'): Fact => ({
  // The event of the answer, even if the leg has ended since.
  eventId: factId(leg.sid, 'in-progress'),
  type: name === 'A' ? 'caller_answered' : 'answered',
  occurredAt: leg.startedAt ?? leg.updatedAt,
  detail: detailOf(leg, name, 'in-progress'),
});

const callerAnswered = (legA: RecordedLeg): Fact[] => (hasBeenAnswered(legA) ? [answer(legA, 'A')] : []);

const endOfLegA = (legA: RecordedLeg): Fact[] => {
  if (!isFinal(legA.status)) return [];
  const endedAt = legA.endedAt ?? legA.updatedAt;
  const end =
    legA.status === 'completed'
      ? legAHasLeft(endedAt)
      : ({ type: 'ended', occurredAt: endedAt, endReason: endReasonOf(legA.status) } as const);
  return [
    {
      eventId: factId(legA.sid, legA.status),
      ...end,
      detail: detailOf(legA, 'A'),
      causes: { A: causeOf(legA) },
    },
  ];
};

const factsOfLegB = (
  legB: RecordedLeg,
  legA: RecordedLeg,
  ringCalleeSeconds: number,
  { place, isLast }: { readonly place: number; readonly isLast: boolean },
): Fact[] => {
  const { sid, status } = legB;
  if (status === 'ringing') {
    return [{ eventId: factId(sid, status), type: 'ringing', occurredAt: legB.updatedAt, detail: detailOf(legB, 'B') }];
  }
  const answered = hasBeenAnswered(legB) ? [answer(legB, 'B')] : [];
  if (!isFinal(status)) return answered;
  // The next number of a hunt may be dialled now. If this one was the last, leg A ends within moments.
  if (isLast && passesOn(status) && !isFinal(legA.status)) return answered;
  const notAnswered = status === 'no-answer';
  const callerGaveUp = notAnswered && leftFirst(legA, legB, ringCalleeSeconds);
  return [
    ...answered,
    {
      eventId: notAnswered ? dialFactId(legA.sid, status, place) : factId(sid, status),
      type: 'ended',
      occurredAt: legB.endedAt ?? legB.updatedAt,
      endReason: callerGaveUp ? 'canceled' : endReasonOf(status),
      detail: detailOf(legB, 'B'),
      causes: { B: causeOf(legB) },
    },
  ];
};

/** Whether an unanswered leg B ended because the caller hung up, and not because its ring time was over. */
const leftFirst = (legA: RecordedLeg, legB: RecordedLeg, ringCalleeSeconds: number): boolean => {
  if (!legA.endedAt || !legB.endedAt || legA.endedAt > legB.endedAt) return false;
  // Times are whole seconds, so thirty seconds of ringing may look like twenty-nine.
  return legB.endedAt.getTime() - legB.createdAt.getTime() < (ringCalleeSeconds - 1) * 1000;
};

const causeOf = ({ status, answeredBy }: RecordedLeg): LegCause => ({
  status,
  ...(answeredBy !== null && { answeredBy }),
});

const detailOf = (leg: RecordedLeg, name: 'A' | 'B', status = leg.status): NonNullable<ProviderEvent['detail']> => ({
  leg: name,
  status,
  ...(isFinal(status) && leg.seconds !== null && { seconds: leg.seconds }),
  ...(leg.answeredBy !== null && { answeredBy: leg.answeredBy }),
});
