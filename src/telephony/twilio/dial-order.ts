/** What Twilio is told to do: ring leg A, then leg B, join them, and tell of both. Pure. */
import twilio from 'twilio';
import type { DialRequest } from '../telephony-provider.js';
import type { CallbackSource } from './callback-url.js';

export interface CallPlan {
  /** A number of the Twilio account, E.164; both phones show it. */
  readonly callerNumber: string;
  /** How long leg A may ring, in seconds; at most 600. Twilio may add 5. */
  readonly ringCallerSeconds: number;
  /** How long leg B may ring, in seconds; at most 600. */
  readonly ringCalleeSeconds: number;
  /** Twilio ends the talk after so many seconds. */
  readonly longestTalkSeconds: number;
  /** Both sides of the talk, each on a channel of its own, from the moment that leg B answers. */
  readonly record?: boolean;
  /** Whether Twilio shall find out if a machine answered leg A. It dials leg B only afterwards. */
  readonly machineDetection?: 'Enable' | 'DetectMessageEnd';
}

type CreateCall = Parameters<twilio.Twilio['calls']['create']>[0];

/** The first two of leg A bring the call's id where the reply to the dial is lost. */
const PROGRESS_OF_A = ['initiated', 'ringing', 'answered', 'completed'] as const;
const PROGRESS_OF_B = ['ringing', 'answered', 'completed'] as const;

export const dialOrder = (
  { callerPhone, calleePhone }: DialRequest,
  plan: CallPlan,
  urlFor: (source: CallbackSource) => string,
): CreateCall => ({
  to: callerPhone,
  from: plan.callerNumber,
  timeout: plan.ringCallerSeconds,
  twiml: joinWith(calleePhone, plan, urlFor),
  statusCallback: urlFor('A'),
  statusCallbackMethod: 'POST',
  statusCallbackEvent: [...PROGRESS_OF_A],
  ...(plan.machineDetection && { machineDetection: plan.machineDetection }),
});

/** Within the order itself: if all of Ringback dies now, leg B is rung nevertheless. */
const joinWith = (calleePhone: string, plan: CallPlan, urlFor: (source: CallbackSource) => string): string => {
  const response = new twilio.twiml.VoiceResponse();
  const dial = response.dial({
    callerId: plan.callerNumber,
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

/** The answer to a Dial's end: leg A has nobody to talk to any more. */
export const goodbye = (): string => {
  const response = new twilio.twiml.VoiceResponse();
  response.hangup();
  return response.toString();
};
