/**
 * Counts calls that are over, and how long they took. Only the first end of a call counts. A later report may correct
 * the record; counters cannot be taken back.
 */
import { counter, histogram } from '../common/metrics.js';
import type { CallEnd } from './record/apply-call-event.js';
import { END_FAULTS, faultOf } from './record/end-fault.js';

const ended = counter({
  name: 'ringback_calls_ended_total',
  help: 'Calls that are over. `fault`: who is responsible, `none` for a completed call.',
  labelNames: ['provider', 'end_reason', 'fault'],
});

const postDialDelay = histogram({
  name: 'ringback_call_post_dial_delay_seconds',
  help: 'From the request to the ringing of the callee, including the time in which the caller picks up.',
  labelNames: ['provider'],
  buckets: [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
});

const timeToAnswer = histogram({
  name: 'ringback_call_time_to_answer_seconds',
  help: 'From the request to the answer of the callee.',
  labelNames: ['provider'],
  buckets: [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120],
});

const talk = histogram({
  name: 'ringback_call_talk_seconds',
  help: 'From the answer of the callee to the end, by the clock of the provider.',
  labelNames: ['provider'],
  buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400],
});

/**
 * Starts the series of a configured provider at 0. A counter that appears with its first call looks to Prometheus as if it
 * had not grown, so an alert would miss the first lost call.
 */
export const startCounting = (provider: string): void => {
  for (const [end_reason, faults] of Object.entries(END_FAULTS)) {
    for (const fault of faults) ended.inc({ provider, end_reason, fault }, 0);
  }
  for (const histogram of [postDialDelay, timeToAnswer, talk]) histogram.zero({ provider });
};

export const countEnd = (end: CallEnd): void => {
  const { provider } = end;
  ended.inc({ provider, end_reason: end.endReason, fault: faultOf(end) });
  if (end.ringingSeconds !== null) postDialDelay.observe({ provider }, end.ringingSeconds);
  if (end.answerSeconds !== null) timeToAnswer.observe({ provider }, end.answerSeconds);
  if (end.talkSeconds !== null) talk.observe({ provider }, end.talkSeconds);
};
