/** What the benches of Twilio, Telnyx and SignalWire have in common: one world of calls, and requests and callbacks in dialects. */
import { phaseOf, termsOf, type Call } from '../../support/twilio-calls.js';
import type { TwilioServer } from '../../support/twilio-server.js';
import { ALL_TERMS, retryAfterOf, type Abilities, type Bench, type FarSide, type OwnReason } from './bench.js';

export const TWILIO_KIND = {
  reports: ['accepted', 'caller_answered', 'ringing', 'answered', 'ended'],
  endReasons: { 'is busy': 'busy', declines: 'rejected', 'cannot be reached': 'unreachable' },
  explainsRefusals: true,
  checksSubAccounts: true,
  makesSubAccounts: false,
  // None has a code for a number that is called too often.
  refusesAs: ['not_permitted', 'rate_limited', 'no_funds'],
  readsRetryAfter: true,
  dialsExtensions: true,
  hunts: true,
  confirmsCaller: true,
  whispers: true,
  applies: ALL_TERMS.filter((term) => term !== 'talkWarningSeconds'),
  reportsBy: 'webhooks',
} as const satisfies Partial<Abilities>;

/** @param speed how much faster than real time the server's calls run */
export const viewOf = (
  server: Pick<TwilioServer, 'whisperFor'>,
  speed: number,
  callOf: (callSid: string) => Call | undefined,
): Omit<FarSide, 'dialsOf'> => ({
  async phaseOf(callSid) {
    const call = callOf(callSid);
    return call ? phaseOf(call) : 'over';
  },
  termsOf: async (callSid) => termsOf(callOf(callSid)!),
  extensionOf: async (callSid) => callOf(callSid)?.dial.sendDigits?.replace(/^w+/, ''),
  hasRungCallee: async (callSid) => (callOf(callSid)?.legB ?? null) !== null,
  whisperFor: async (seconds) => server.whisperFor(seconds * speed),
});

/** By status and code. */
export type Refusals<Code> = Readonly<Partial<Record<OwnReason, readonly [status: number, code: Code]>>>;

/** @param bodyOf the company's form of a refusal */
export const refusing =
  <Code>(
    server: Pick<TwilioServer, 'answerNext'>,
    refusals: Refusals<Code>,
    bodyOf: (code: Code, text: string, status: number) => object,
  ): Bench['refuseNext'] =>
  (reason, retryAfterSeconds) => {
    const [status, code] = refusals[reason]!;
    const body = bodyOf(code, `refused as ${reason}`, status);
    server.answerNext(status, JSON.stringify(body), retryAfterOf(retryAfterSeconds));
  };
