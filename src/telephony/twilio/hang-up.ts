/**
 * How a call is ended at Twilio, also on condition. Twilio has one order that it decides in one step: `canceled` ends a leg
 * that has not been answered, and only such a one. Given for leg A it holds before leg A is answered; given for leg B it
 * settles that nobody will answer there, and then leg A may be ended without cutting anybody off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallMilestone, HangUpOutcome } from '../telephony-provider.js';
import type { LegStatus } from './end-reason.js';

/** The legs of one account's calls. */
export interface Legs {
  /** @returns the leg's status after the order, or that Twilio does not carry it out in the leg's state */
  end(sid: string, as: 'canceled' | 'completed'): Promise<LegStatus | 'invalid state' | 'no such call'>;
  statusOf(sid: string): Promise<LegStatus | 'no such call'>;
  /** Leg B of the call whose leg A it is. */
  childOf(sid: string): Promise<{ readonly sid: string; readonly status: LegStatus } | null>;
}

/** Twilio's records may lag behind what it does; how often, and how far apart, they are looked at. */
const LOOKS = 8;
const BETWEEN_LOOKS_MS = 150;

export const hangUpLegs = (legs: Legs, legA: string, before?: CallMilestone): Promise<HangUpOutcome> =>
  before === undefined ? endInAnyState(legs, legA) : endBefore(legs, legA, before);

const endInAnyState = async (legs: Legs, legA: string): Promise<HangUpOutcome> => {
  const told = await legs.end(legA, 'completed');
  if (told !== 'invalid state') return { kind: told === 'no such call' ? 'gone' : 'taken' };
  // It should mean that the call is over, and need not: nobody may be told so while a phone is ringing.
  const met = await cancelUnanswered(legs, legA);
  if (met === 'in-progress') throw new Error('Twilio does not end a call that it says is in progress');
  return { kind: met === 'canceled by us' ? 'taken' : 'gone' };
};

const endBefore = async (legs: Legs, legA: string, before: CallMilestone): Promise<HangUpOutcome> => {
  const met = await cancelUnanswered(legs, legA);
  if (met === 'canceled by us') return { kind: 'taken' };
  if (met === 'no such call') return { kind: 'gone' };
  // From leg A's answer on Twilio rings leg B by itself, and has no order that would hold only until it does.
  if (before === 'ringing') return { kind: met === 'in-progress' || met === 'completed' ? 'passed' : 'gone' };
  if (met === 'in-progress') return endBeforeAnswer(legs, legA);
  return { kind: (await legs.childOf(legA))?.status === 'completed' ? 'passed' : 'gone' };
};

/** Leg A has answered; the order holds until leg B does. */
const endBeforeAnswer = async (legs: Legs, legA: string): Promise<HangUpOutcome> => {
  const legB = await lookFor(() => legs.childOf(legA));
  if (!legB) {
    return {
      kind: 'refused',
      category: 'forbidden',
      code: 'NO-LEG-B',
      text: 'the other leg is not there yet: nothing can be canceled that holds only until it is answered',
    };
  }
  const met = await cancelUnanswered(legs, legB.sid);
  if (met === 'in-progress' || met === 'completed') return { kind: 'passed' };
  // Nobody will answer on leg B any more, so leg A can be ended without a condition.
  try {
    const told = await legs.end(legA, 'completed');
    const isOver = told === 'invalid state' || told === 'no such call';
    return { kind: isOver && met !== 'canceled by us' ? 'gone' : 'taken' };
  } catch (error) {
    // With leg B the Dial ends, and its answer tells leg A to hang up.
    if (met === 'canceled by us') return { kind: 'taken' };
    throw error;
  }
};

/**
 * @returns that the leg was canceled by this very order, or what it had come to instead
 * @throws where Twilio's records do not say within a second or so which of the two it is
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
  if (status === null) throw new Error('Twilio took an order to cancel, and does not say what became of it');
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
