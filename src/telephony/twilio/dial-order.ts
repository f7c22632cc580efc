/** The dial order for Twilio: ring leg A, then leg B, connect them, and send callbacks for both. Pure. */
import twilio from 'twilio';
import type { DialRequest } from '../telephony-provider.js';
import type { CallbackSource } from './callback-url.js';
import { askToConfirm } from './confirmation.js';

export interface CallPlan {
  /** A number of the Twilio account, E.164. Both phones show it. */
  readonly callerNumber: string;
  /** What leg B's phone shows instead. Leg A's may not differ: a lost dial is searched for by its number. */
  readonly shownToCallee?: string;
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
  /** Whether Twilio detects that a machine answered leg A. Twilio dials leg B only afterwards. */
  readonly machineDetection?: 'Enable' | 'DetectMessageEnd';
}

/** @param then the document that follows, part of the URL */
type UrlFor = (source: CallbackSource, then?: string) => string;
type CreateCall = Parameters<twilio.Twilio['calls']['create']>[0];

/** If the reply to the dial is lost, the first two callbacks of leg A carry the call's id. */
const PROGRESS_OF_A = ['initiated', 'ringing', 'answered', 'completed'] as const;
const PROGRESS_OF_B = ['ringing', 'answered', 'completed'] as const;

export const dialOrder = (
  { callerPhone, calleePhone, terms }: DialRequest,
  usual: CallPlan,
  urlFor: UrlFor,
): CreateCall => orderOf(callerPhone, calleePhone, { ...usual, ...terms }, urlFor);

const orderOf = (callerPhone: string, calleePhone: string, plan: CallPlan, urlFor: UrlFor): CreateCall => ({
  to: callerPhone,
  from: plan.callerNumber,
  timeout: plan.ringCallerSeconds,
  twiml: documentOf(callerPhone, calleePhone, plan, urlFor),
  statusCallback: urlFor('A'),
  statusCallbackMethod: 'POST',
  statusCallbackEvent: [...PROGRESS_OF_A],
  ...(plan.machineDetection && { machineDetection: plan.machineDetection }),
});

const documentOf = (callerPhone: string, calleePhone: string, plan: CallPlan, urlFor: UrlFor): string => {
  const join = joinWith(calleePhone, plan, urlFor);
  const { confirmCallerSeconds: seconds } = plan;
  return seconds === undefined ? join : askToConfirm(callerPhone, seconds, urlFor('confirm', join));
};

/** Part of the order itself, so that leg B is rung even if all of Ringback stops now. */
const joinWith = (calleePhone: string, plan: CallPlan, urlFor: UrlFor): string => {
  const response = new twilio.twiml.VoiceResponse();
  const dial = response.dial({
    callerId: plan.shownToCallee ?? plan.callerNumber,
    timeout: plan.ringCalleeSeconds,
    timeLimit: plan.longestTalkSeconds,
    answerOnBridge: true,
    action: urlFor('dial'),
    method: 'POST',
    ...(plan.record && { record: 'record-from-answer-dual' }),
  });
  dial.number(
    { statusCallback: urlFor('B'), statusCallbackMethod: 'POST', statusCallbackEvent: [...PROGRESS_OF_B] },
    calleePhone,
  );
  return response.toString();
};

/** The reply to a Dial's end: leg A hangs up, because there is no other party. */
export const goodbye = (): string => {
  const response = new twilio.twiml.VoiceResponse();
  response.hangup();
  return response.toString();
};
