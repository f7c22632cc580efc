/** The dial order for Twilio: ring leg A, then leg B, connect them, and send callbacks for both. Pure. */
import twilio from 'twilio';
import { numberFrom } from '../number-pool.js';
import type { DialRequest, DialTerms } from '../telephony-provider.js';
import { extensionTones } from '../extension-tones.js';
import type { CallbackSource, HuntPlace } from './callback-url.js';
import { askToConfirm, type Asking } from './confirmation.js';
import { writeLeft, type Callee, type NumbersLeft } from './hunt.js';

export interface CallPlan {
  /** A number of the account, E.164. Both phones show it. */
  readonly callerNumber: string;
  /** Numbers of the account of which leg A's phone shows one instead (number-pool.ts). */
  readonly shownToCaller?: readonly string[];
  /** The same for leg B's phone. */
  readonly shownToCallee?: readonly string[];
  /** Ring time of leg A in seconds; at most 600. Twilio may add 5. */
  readonly ringCallerSeconds: number;
  /** Ring time of leg B in seconds; at most 600. */
  readonly ringCalleeSeconds: number;
  /** Twilio ends the talk after this many seconds. */
  readonly longestTalkSeconds: number;
  /** Whether the talk is recorded: both sides, on separate channels, from leg B's answer on. */
  readonly record?: boolean;
  /** In which leg A must press 1 before leg B is dialled; undefined if it need not. */
  readonly confirmCallerSeconds?: number | undefined;
  /** False if the company does not know it: leg A is answered before leg B's phone rings, in any case. */
  readonly answerOnBridge?: false;
  /** Whether Twilio detects that a machine answered leg A. Twilio dials leg B only afterwards. */
  readonly machineDetection?: 'Enable' | 'DetectMessageEnd';
  /** The same of leg B, without a wait. Not where leg B has an extension: a switchboard is a machine. */
  readonly calleeMachineDetection?: 'Enable' | 'DetectMessageEnd';
  /** A document that leg B hears after its answer, before the two are joined. Not where leg B has an extension, likewise. */
  readonly whisperUrl?: string;
}

/** @param then what follows, part of the URL */
export type UrlFor = (source: CallbackSource, then?: string, hunt?: HuntPlace) => string;

/** Part of a dialect. */
export interface OrderForm {
  /** The plan within the company's limits. */
  readonly withinLimits: (plan: CallPlan) => CallPlan;
  /** How leg A is asked for a key. */
  readonly asks: Asking;
}

type CreateCall = Parameters<twilio.Twilio['calls']['create']>[0];

/** If the reply to the dial is lost, the first two callbacks of leg A carry the call's id. */
const PROGRESS_OF_A = ['initiated', 'ringing', 'answered', 'completed'] as const;
const PROGRESS_OF_B = ['ringing', 'answered', 'completed'] as const;

export const dialOrder = (
  { callerPhone, calleePhone, calleeExtension, hunt, terms }: DialRequest,
  usual: CallPlan,
  urlFor: UrlFor,
  form: OrderForm,
): CreateCall => {
  const { shownToCallee = [usual.callerNumber], ...others } = usual;
  const callerNumber =
    terms?.shownToCaller ?? numberFrom(shownToCaller(usual), callerPhone, [callerPhone, calleePhone]);
  const plan = { ...others, callerNumber, ...ownPlan(terms) };
  const numbers = hunt ?? [{ phone: calleePhone, extension: calleeExtension, ringSeconds: plan.ringCalleeSeconds }];
  const callees = numbers.map((number) => ({
    ...number,
    shown: terms?.shownToCallee ?? numberFrom(shownToCallee, number.phone, [callerPhone, number.phone]),
  }));
  return orderOf(callerPhone, callees, form.withinLimits(plan), urlFor, form);
};

/**
 * Whether the company dials the caller's number, and one of the callee's at least. It takes E.164: a short national number,
 * such as 95588, has no such form. Leg A's would be refused. Leg B's would fail after the caller has answered.
 */
export const isWithinReach = ({ callerPhone, calleePhone, hunt }: DialRequest): boolean => {
  const callees = hunt?.map(({ phone }) => phone) ?? [calleePhone];
  return callerPhone.startsWith('+') && callees.some((phone) => phone.startsWith('+'));
};

/** The numbers of which the caller's phone shows one if the dial has none of its own. */
const shownToCaller = ({ callerNumber, shownToCaller: numbers = [callerNumber] }: CallPlan): readonly string[] =>
  numbers;

/**
 * All numbers from which a dial may have come, also by a replica that has no `shownToCaller` yet, or does not apply the dial's own.
 * @param own the dial's `shownToCaller`
 */
export const callingNumbers = (plan: CallPlan, own: string | null): readonly string[] => [
  ...new Set([...(own === null ? [] : [own]), plan.callerNumber, ...shownToCaller(plan)]),
];

type Plan = Omit<CallPlan, 'shownToCaller' | 'shownToCallee'>;

const ownPlan = ({ shownToCaller: _a, shownToCallee: _b, ...own }: DialTerms = {}): Partial<Plan> => own;

const orderOf = (
  callerPhone: string,
  callees: readonly Callee[],
  plan: Plan,
  urlFor: UrlFor,
  form: OrderForm,
): CreateCall => ({
  to: callerPhone,
  from: plan.callerNumber,
  timeout: plan.ringCallerSeconds,
  twiml: documentOf(callerPhone, callees, plan, urlFor, form),
  statusCallback: urlFor('A'),
  statusCallbackMethod: 'POST',
  statusCallbackEvent: [...PROGRESS_OF_A],
  ...(plan.machineDetection && { machineDetection: plan.machineDetection }),
});

const documentOf = (
  callerPhone: string,
  callees: readonly Callee[],
  plan: Plan,
  urlFor: UrlFor,
  form: OrderForm,
): string => {
  const join = joinWith(callees, 1, plan, urlFor, form);
  const { confirmCallerSeconds: seconds } = plan;
  if (seconds === undefined) return join;
  return askToConfirm(form.asks, callerPhone, seconds, urlFor('confirm', join), urlFor('confirm'));
};

/** The reply to the end of a Dial of a hunt. @param place of the first number that is left */
export const nextDial = (
  { callees, longestTalkSeconds, record }: NumbersLeft,
  place: number,
  usual: CallPlan,
  urlFor: UrlFor,
  form: OrderForm,
): string => {
  return joinWith(callees, place, form.withinLimits({ ...usual, longestTalkSeconds, record }), urlFor, form);
};

/**
 * Part of the order itself, so that leg B is rung even if all of Ringback stops now.
 * @param callees the first is dialled; the others are left
 * @param place of the first one
 */
const joinWith = (
  [callee, ...left]: readonly Callee[],
  place: number,
  plan: Plan,
  urlFor: UrlFor,
  form: OrderForm,
): string => {
  if (!callee) return goodbye();
  const { phone, extension, shown, ringSeconds } = callee;
  const of = place + left.length;
  const hunt = of > 1 ? { place, of } : undefined;
  const { longestTalkSeconds, record = false } = plan;
  const then = left.length > 0 ? writeLeft({ callees: left, longestTalkSeconds, record }) : undefined;
  const response = new twilio.twiml.VoiceResponse();
  const dial = response.dial({
    callerId: shown,
    timeout: form.withinLimits({ ...plan, ringCalleeSeconds: ringSeconds }).ringCalleeSeconds,
    timeLimit: plan.longestTalkSeconds,
    ...(plan.answerOnBridge !== false && { answerOnBridge: true }),
    action: urlFor('dial', then, hunt),
    method: 'POST',
    ...(plan.record && { record: 'record-from-answer-dual' }),
  });
  dial.number(
    {
      statusCallback: urlFor('B', undefined, hunt),
      statusCallbackMethod: 'POST',
      statusCallbackEvent: [...PROGRESS_OF_B],
      ...(extension !== undefined && { sendDigits: extensionTones(extension) }),
      ...(extension === undefined && plan.whisperUrl !== undefined && { url: plan.whisperUrl }),
      ...(extension === undefined &&
        plan.calleeMachineDetection && {
          machineDetection: plan.calleeMachineDetection,
          amdStatusCallback: urlFor('machine', undefined, hunt),
          amdStatusCallbackMethod: 'POST',
        }),
    },
    phone,
  );
  return response.toString();
};

/** The reply to a Dial's end: leg A hangs up, because there is no other party. */
export const goodbye = (): string => {
  const response = new twilio.twiml.VoiceResponse();
  response.hangup();
  return response.toString();
};
