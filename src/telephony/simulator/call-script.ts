/**
 * The script of a simulated call, by the last two digits of the callee's number. Pure. Offsets are in seconds from the
 * dial at real-time speed; SIMULATOR_SPEED divides them.
 */
import type {
  HuntedNumber,
  ProviderEndReason,
  ProviderEvent,
  ProviderEventType,
  Refusal,
} from '../telephony-provider.js';

export interface ScriptStep {
  readonly atSeconds: number;
  readonly type: ProviderEventType;
  readonly endReason?: ProviderEndReason;
  /** Of a hunt: which number, from 1. */
  readonly place?: number;
  readonly detail?: Readonly<Record<string, string>>;
  readonly causes?: NonNullable<ProviderEvent['causes']>;
}

/** The reply to the dial. hangs: no reply, but the call goes on. fails: an error, and there is no call. */
export type DialReply = 'accepts' | 'hangs' | 'fails' | Refusal;

export type Delivery = 'in order' | 'twice' | 'in reverse';

export interface CallScript {
  readonly reply: DialReply;
  readonly steps: readonly ScriptStep[];
  readonly delivery: Delivery;
}

/** Realistic delays: the caller holds the phone, so leg A is answered sooner than leg B. */
const CALLER_PICKS_UP = 2;
const CALLEE_RINGS = CALLER_PICKS_UP + 1;
const CALLEE_DECIDES = CALLEE_RINGS + 4;
const TALK = 10;
const NOBODY_PICKS_UP = 30;

const legs = {
  callerAnswered: { atSeconds: CALLER_PICKS_UP, type: 'caller_answered', detail: { leg: 'A' } },
  ringing: { atSeconds: CALLEE_RINGS, type: 'ringing', detail: { leg: 'B' } },
  answered: { atSeconds: CALLEE_DECIDES, type: 'answered', detail: { leg: 'B' } },
} as const satisfies Record<string, ScriptStep>;

/** Causes of Q.850. */
const CAUSE: Readonly<Record<ProviderEndReason, number>> = {
  completed: 16,
  canceled: 16,
  busy: 17,
  no_answer: 19,
  unreachable: 20,
  rejected: 21,
  failed: 41,
};

/** Leg B is dialled once leg A has answered. Then leg A is cleared normally. */
export const causesOf = (endReason: ProviderEndReason, isLegBDialled: boolean): NonNullable<ScriptStep['causes']> =>
  isLegBDialled
    ? { A: { cause: CAUSE.completed }, B: { cause: CAUSE[endReason] } }
    : { A: { cause: CAUSE[endReason] } };

const ended = (atSeconds: number, endReason: ProviderEndReason, leg: 'A' | 'B'): ScriptStep => ({
  atSeconds,
  type: 'ended',
  endReason,
  detail: { leg },
  causes: causesOf(endReason, leg === 'B' || endReason === 'completed'),
});

const script = (steps: readonly ScriptStep[], more: Partial<CallScript> = {}): CallScript => ({
  reply: 'accepts',
  delivery: 'in order',
  steps,
  ...more,
});

const talk = [legs.callerAnswered, legs.ringing, legs.answered];
const wholeTalk = [...talk, ended(CALLEE_DECIDES + TALK, 'completed', 'B')];
const callerTires = [...talk, ended(CALLEE_DECIDES + TALK / 2, 'completed', 'A')];
const afterRinging = (reason: ProviderEndReason, atSeconds = CALLEE_DECIDES): CallScript =>
  script([legs.callerAnswered, legs.ringing, ended(atSeconds, reason, 'B')]);
/** The callee's phone never rings. */
const withoutRinging = (reason: ProviderEndReason): CallScript =>
  script([legs.callerAnswered, ended(CALLEE_RINGS, reason, 'B')]);
const refusal = (category: Refusal['category'], code: string, text: string): CallScript =>
  script([], { reply: { category, code, text } });

export const SCRIPTS: Readonly<Record<string, CallScript>> = {
  '00': script(wholeTalk),
  '01': withoutRinging('busy'),
  '02': afterRinging('no_answer', CALLEE_RINGS + NOBODY_PICKS_UP),
  '03': afterRinging('rejected'),
  '04': withoutRinging('unreachable'),
  '05': script([ended(NOBODY_PICKS_UP, 'no_answer', 'A')]),
  '06': refusal('bad_number', 'SIM-06', 'the number is refused'),
  '07': refusal('bad_account', 'SIM-07', 'the sub-account is closed'),
  '08': script(wholeTalk, { reply: 'hangs' }),
  '09': script([], { reply: 'fails' }),
  '10': script(wholeTalk, { delivery: 'twice' }),
  '11': script(wholeTalk, { delivery: 'in reverse' }),
  '12': script(callerTires),
  '13': script(talk),
};

const DEFAULT_SCRIPT = script(wholeTalk);

export const scriptFor = (calleePhone: string): CallScript => SCRIPTS[calleePhone.slice(-2)] ?? DEFAULT_SCRIPT;

const isOfLegB = ({ detail }: ScriptStep): boolean => detail?.leg === 'B';
const isAnswer = ({ type }: ScriptStep): boolean => type === 'answered';
const notReached: ScriptStep = ended(CALLEE_RINGS, 'unreachable', 'B');

/**
 * What one number of a hunt does, from the caller's answer on. Unlike a call to one number, a hunt heeds ring times. A number whose
 * script rings no callee cannot be reached.
 */
const stepsOfNumber = ({ phone, ringSeconds }: HuntedNumber): readonly ScriptStep[] => {
  const steps = scriptFor(phone).steps.filter((step) => isOfLegB(step) || step.type === 'ended');
  if (!steps.some(isOfLegB)) return [notReached];
  const patienceEnds = CALLEE_RINGS + ringSeconds;
  const decision = steps.find((step) => step.type !== 'ringing')?.atSeconds ?? Infinity;
  if (decision <= patienceEnds) return steps;
  return [...steps.filter(({ type }) => type === 'ringing'), ended(patienceEnds, 'no_answer', 'B')];
};

/** The first number decides on the reply, on the delivery of events, and on what the caller's phone does. */
export const scriptOf = (calleePhone: string, hunt: readonly HuntedNumber[] | undefined): CallScript => {
  const alone = scriptFor(calleePhone);
  if (!hunt || !alone.steps.some(({ type }) => type === 'caller_answered')) return alone;
  const steps: ScriptStep[] = [legs.callerAnswered];
  let later = 0;
  for (const [index, number] of hunt.entries()) {
    const place = index + 1;
    const own = stepsOfNumber(number).map((step) => ({ ...step, place, atSeconds: step.atSeconds + later }));
    const last = own.at(-1);
    if (own.some(isAnswer) || place === hunt.length || !last) return { ...alone, steps: [...steps, ...own] };
    const { causes, ...leg } = last;
    const detail = { ...leg.detail, cause: String(causes?.B?.cause) };
    steps.push(...own.slice(0, -1), { ...leg, type: 'leg_ended', detail });
    later = last.atSeconds - CALLER_PICKS_UP;
  }
  return { ...alone, steps };
};
