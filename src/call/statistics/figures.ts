/** The figures of some calls that are over, and how calls are added to them and taken out again. Pure. */
import { END_REASONS, talkSeconds, type EndReason } from '../record/call-lifecycle.js';
import { addTo, bucketOf, type Histogram } from './delay-histogram.js';

export interface Figures {
  calls: number;
  answered: number;
  talkSeconds: number;
  readonly endReasons: Record<EndReason, number>;
  /** From the request to ringing, and to the answer. */
  readonly ringingDelays: Histogram;
  readonly answerDelays: Histogram;
}

export interface EndedCall {
  readonly requestedAt: Date;
  readonly endReason: EndReason;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  readonly endedAt: Date | null;
}

export const noFigures = (): Figures => ({
  calls: 0,
  answered: 0,
  talkSeconds: 0,
  endReasons: Object.fromEntries(END_REASONS.map((reason) => [reason, 0])) as Record<EndReason, number>,
  ringingDelays: new Map(),
  answerDelays: new Map(),
});

/** @param times 1 to add the call, -1 to take it out */
export const addCall = (figures: Figures, call: EndedCall, times: 1 | -1): void => {
  figures.calls += times;
  figures.endReasons[call.endReason] += times;
  addDelay(figures.ringingDelays, call.requestedAt, call.ringingAt, times);
  addDelay(figures.answerDelays, call.requestedAt, call.answeredAt, times);
  if (!call.answeredAt) return;
  figures.answered += times;
  figures.talkSeconds += times * (talkSeconds(call) ?? 0);
};

/** The provider's clock may differ from the database's. */
const addDelay = (delays: Histogram, from: Date, to: Date | null, times: number): void => {
  if (to) addTo(delays, bucketOf(Math.max(0, to.getTime() - from.getTime())), times);
};

export const addFigures = (sum: Figures, more: Figures, times: 1 | -1): void => {
  sum.calls += times * more.calls;
  sum.answered += times * more.answered;
  sum.talkSeconds += times * more.talkSeconds;
  for (const reason of END_REASONS) sum.endReasons[reason] += times * more.endReasons[reason];
  for (const [bucket, count] of more.ringingDelays) addTo(sum.ringingDelays, bucket, times * count);
  for (const [bucket, count] of more.answerDelays) addTo(sum.answerDelays, bucket, times * count);
};

export const areNone = ({
  calls,
  answered,
  talkSeconds: talk,
  endReasons,
  ringingDelays,
  answerDelays,
}: Figures): boolean =>
  [calls, answered, talk, ringingDelays.size, answerDelays.size, ...Object.values(endReasons)].every(
    (one) => one === 0,
  );
