/**
 * Ends a call at Twilio, also conditionally. Twilio has one order that it decides in one step: `canceled` ends only a
 * leg that has not been answered. Sent to leg A, it is valid until leg A is answered. Sent to leg B, it ensures that
 * leg B is not answered any more; then leg A can be ended without interrupting a talk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallMilestone, HangUpOutcome } from '../telephony-provider.js';
import { isFinal, type LegStatus } from './end-reason.js';

/** The legs of an account's calls. */
export interface Legs {
  /** @returns the leg's status after the order; 'invalid state' if Twilio does not execute it in the leg's state */
  end(sid: string, as: 'canceled' | 'completed'): Promise<LegStatus | 'invalid state' | 'no such call'>;
  statusOf(sid: string): Promise<LegStatus | 'no such call'>;
  /** Leg B of the call with this leg A. */
  childOf(sid: string): Promise<{ readonly sid: string; readonly status: LegStatus } | null>;
}

/** Twilio's records may lag behind its actions. The number of reads and their interval. */
const LOOKS = 8;
const BETWEEN_LOOKS_MS = 150;

export const hangUpLegs = (legs: Legs, legA: string, before?: CallMilestone): Promise<HangUpOutcome> =>
  before === undefined ? endInAnyState(legs, legA) : endBefore(legs, legA, before);

/** For a company that has no order which it decides in one step. */
export const hangUpUnconditionally = async (
  legs: Pick<Legs, 'end' | 'statusOf'>,
  legA: string,
  before?: CallMilestone,
): Promise<HangUpOutcome> => {
  if (before !== undefined) {
    const text = 'this provider cannot hang up on condition';
    return { kind: 'refused', category: 'forbidden', code: 'UNCONDITIONAL', text };
  }
  const told = await legs.end(legA, 'completed');
  if (told === 'no such call') return { kind: 'gone' };
  if (told !== 'invalid state') return { kind: 'taken' };
  // This should mean that the call is over, but that is not certain.
  const status = await legs.statusOf(legA);
  if (status !== 'no such call' && !isFinal(status))
    throw new Error('the provider does not end a call that is not over');
  return { kind: 'gone' };
};

const endInAnyState = async (legs: Legs, legA: string): Promise<HangUpOutcome> => {
  const told = await legs.end(legA, 'completed');
  if (told !== 'invalid state') return { kind: told === 'no such call' ? 'gone' : 'taken' };
  // This should mean that the call is over, but that is not certain. The caller must not get success while a phone is
  // ringing.
  const met = await cancelUnanswered(legs, legA);
  if (met === 'in-progress') throw new Error('Twilio does not end a call that it says is in progress');
  return { kind: met === 'canceled by us' ? 'taken' : 'gone' };
};

const endBefore = async (legs: Legs, legA: string, before: CallMilestone): Promise<HangUpOutcome> => {
  const met = await cancelUnanswered(legs, legA);
  if (met === 'canceled by us') return { kind: 'taken' };
  if (met === 'no such call') return { kind: 'gone' };
  // After leg A's answer Twilio rings leg B by itself. It has no order that is valid only until leg B rings.
  if (before === 'ringing') return { kind: met === 'in-progress' || met === 'completed' ? 'passed' : 'gone' };
  if (met === 'in-progress') return endBeforeAnswer(legs, legA);
  return { kind: (await legs.childOf(legA))?.status === 'completed' ? 'passed' : 'gone' };
};

/**
 * Leg A was answered; the order is valid until leg B is answered. If leg B has ended by itself, the next number of a hunt may be
 * dialled at any moment, and then that leg is the one to cancel. So leg A is never ended unless this order has canceled a leg B.
 */
const endBeforeAnswer = async (legs: Legs, legA: string, ended?: string): Promise<HangUpOutcome> => {
  const found = await lookFor(() => nextLegOf(legs, legA, ended));
  if (found === 'over') return { kind: 'gone' };
  if (!found) {
    return {
      kind: 'refused',
      category: 'forbidden',
      code: 'NO-LEG-B',
      text: 'the other leg does not exist yet, so there is no order that is valid only until it is answered',
    };
  }
  const met = await cancelUnanswered(legs, found.sid);
  if (met === 'in-progress' || met === 'completed') return { kind: 'passed' };
  if (met !== 'canceled by us') return endBeforeAnswer(legs, legA, found.sid);
  // Leg B can no longer be answered, so leg A can be ended unconditionally.
  try {
    await legs.end(legA, 'completed');
  } catch {
    // The Dial ends with leg B, and the reply to its callback hangs up leg A.
  }
  return { kind: 'taken' };
};

/** @param ended a leg B that is over */
const nextLegOf = async (legs: Legs, legA: string, ended: string | undefined) => {
  const legB = await legs.childOf(legA);
  if (legB && legB.sid !== ended) return legB;
  if (ended === undefined) return null;
  const status = await legs.statusOf(legA);
  return status === 'no such call' || isFinal(status) ? 'over' : null;
};

/**
 * @returns 'canceled by us' if this order ended the leg, otherwise the leg's status
 * @throws if Twilio's records do not show within about a second which of the two it is
 */
const cancelUnanswered = async (
  legs: Legs,
  sid: string,
): Promise<'canceled by us' | 'no such call' | Exclude<LegStatus, 'queued' | 'initiated' | 'ringing'>> => {
  const told = await legs.end(sid, 'canceled');
  if (told === 'no such call') return told;
  let next = told === 'invalid state' ? undefined : told;
  const status = await lookFor(async () => {
    const found = next ?? (await legs.statusOf(sid));
    next = undefined;
    return found === 'queued' || found === 'initiated' || found === 'ringing' ? null : found;
  });
  if (status === null) throw new Error('Twilio accepted a cancel, and its records do not show the outcome');
  return status === 'canceled' && told !== 'invalid state' ? 'canceled by us' : status;
};

const lookFor = async <T>(look: () => Promise<T | null>): Promise<T | null> => {
  for (let looks = 1; looks < LOOKS; looks++) {
    const found = await look();
    if (found !== null) return found;
    await sleep(BETWEEN_LOOKS_MS);
  }
  return look();
};
