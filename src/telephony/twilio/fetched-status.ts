/** What Twilio's records of the two legs say, as the events that its callbacks would have told. Pure. */
import type { ProviderEvent } from '../telephony-provider.js';
import { acceptedFactId, dialFactId, factId, legAHasLeft } from './callback-events.js';
import { endReasonOf, isFinal, type LegStatus } from './end-reason.js';

/** A leg as Twilio has it on record. */
export interface RecordedLeg {
  readonly sid: string;
  /** Dialled by a leg A, and not by an order. */
  readonly isLegB: boolean;
  readonly status: LegStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Where the leg was answered: when that was. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly seconds: number | null;
  readonly answeredBy: string | null;
}

type Fact = Omit<ProviderEvent, 'callSid' | 'providerCallId'>;

/** @param ringCalleeSeconds how long leg B may ring before Twilio gives up */
export const factsOf = (legA: RecordedLeg, legB: RecordedLeg | null, ringCalleeSeconds: number): Fact[] => [
  { eventId: acceptedFactId(legA.sid), type: 'accepted', occurredAt: legA.createdAt },
  ...callerAnswered(legA),
  ...(legB ? factsOfLegB(legB, legA, ringCalleeSeconds) : []),
  ...endOfLegA(legA),
];

const hasBeenAnswered = ({ status }: RecordedLeg): boolean => status === 'in-progress' || status === 'completed';

const answer = (leg: RecordedLeg, name: 'A' | 'B'): Fact => ({
  // The fact that was told when it happened, also where the leg has ended since.
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
  return [{ eventId: factId(legA.sid, legA.status), ...end, detail: detailOf(legA, 'A') }];
};

const factsOfLegB = (legB: RecordedLeg, legA: RecordedLeg, ringCalleeSeconds: number): Fact[] => {
  const { sid, status } = legB;
  if (status === 'ringing') {
    return [{ eventId: factId(sid, status), type: 'ringing', occurredAt: legB.updatedAt, detail: detailOf(legB, 'B') }];
  }
  const answered = hasBeenAnswered(legB) ? [answer(legB, 'B')] : [];
  if (!isFinal(status)) return answered;
  const notAnswered = status === 'no-answer';
  const callerGaveUp = notAnswered && leftFirst(legA, legB, ringCalleeSeconds);
  return [
    ...answered,
    {
      eventId: notAnswered ? dialFactId(legA.sid, status) : factId(sid, status),
      type: 'ended',
      occurredAt: legB.endedAt ?? legB.updatedAt,
      endReason: callerGaveUp ? 'canceled' : endReasonOf(status),
      detail: detailOf(legB, 'B'),
    },
  ];
};

/** Leg B is on record as not answered: because the caller hung up, and not because it had rung for as long as it may? */
const leftFirst = (legA: RecordedLeg, legB: RecordedLeg, ringCalleeSeconds: number): boolean => {
  if (!legA.endedAt || !legB.endedAt || legA.endedAt > legB.endedAt) return false;
  // Times are whole seconds, so that thirty seconds of ringing may look like twenty-nine.
  return legB.endedAt.getTime() - legB.createdAt.getTime() < (ringCalleeSeconds - 1) * 1000;
};

const detailOf = (leg: RecordedLeg, name: 'A' | 'B', status = leg.status): NonNullable<ProviderEvent['detail']> => ({
  leg: name,
  status,
  ...(isFinal(status) && leg.seconds !== null && { seconds: leg.seconds }),
  ...(leg.answeredBy !== null && { answeredBy: leg.answeredBy }),
});
