/** The order for a call: leg A's channel, and the variables that the dialplan needs to dial leg B. Pure. */
import type { DialRequest, HuntedNumber } from '../telephony-provider.js';
import { extensionTones } from '../extension-tones.js';
import { numberFrom } from '../number-pool.js';
import { talkWarning } from '../talk-warning.js';
import { legAOf } from './call-story.js';

export interface CallTerms {
  /** Seconds that each leg's phone may ring. */
  readonly ringCallerSeconds: number;
  readonly ringCalleeSeconds: number;
  readonly longestTalkSeconds: number;
  /** The numbers of which each phone shows one (number-pool.ts), with placeholders {caller} and {callee}. */
  readonly shownToCaller: readonly string[];
  readonly shownToCallee: readonly string[];
  /** Of national numbers among these. */
  readonly region?: string | undefined;
  readonly record: boolean;
  /** In which leg A must press 1 before leg B is dialled; undefined if it need not. */
  readonly confirmCallerSeconds?: number | undefined;
  /** Sounds that leg B hears after its answer, before the two are joined. Not at an extension: its switchboard would hear them. */
  readonly whisper?: string | undefined;
  /** Before the end of the longest talk; undefined for none. */
  readonly talkWarningSeconds?: number | undefined;
}

export interface LegAOrder {
  /** Below /ari, with its query. */
  readonly path: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * @param legs legB is of calleePhone, or of each number of a hunt
 * @param dialer the application that the dialplan notifies if leg A is refused
 */
export const legAOrder = (
  { callSid, callerPhone, calleePhone, calleeExtension, hunt, terms: own }: Omit<DialRequest, 'subAccount'>,
  { legA, legB }: { readonly legA: string; readonly legB: readonly string[] },
  usual: CallTerms,
  dialer: string,
): LegAOrder => {
  const pair = [callerPhone, calleePhone] as const;
  const {
    shownToCaller = numberFrom(usual.shownToCaller, callerPhone, pair, usual.region),
    shownToCallee,
    ...limits
  } = own ?? {};
  const terms = { ...usual, ...limits };
  const numbers = hunt ?? [{ phone: calleePhone, extension: calleeExtension, ringSeconds: terms.ringCalleeSeconds }];
  const shownOn = (text: string, callee: string) =>
    text.replaceAll('{caller}', callerPhone).replaceAll('{callee}', callee);
  const place = new URLSearchParams({
    endpoint: legA,
    context: 'ringback',
    extension: 's',
    priority: '1',
    timeout: String(terms.ringCallerSeconds),
    callerId: shownOn(shownToCaller, calleePhone),
  });
  return {
    path: `/channels/${legAOf(callSid)}?${place.toString()}`,
    variables: {
      // Two underscores: leg B's channel inherits it.
      __RINGBACK_CALL: callSid,
      __RINGBACK_RECORD: terms.record ? `${callSid}.wav` : '',
      RINGBACK_DIALER: dialer,
      RINGBACK_CONFIRM: String(terms.confirmCallerSeconds ?? ''),
      ...limitOf(terms),
      ...Object.fromEntries(
        numbers.flatMap((number, index) =>
          variablesOf(number, index, legB[index] ?? '', terms.whisper, (callee) =>
            shownOn(
              shownToCallee ?? numberFrom(usual.shownToCallee, callee, [callerPhone, callee], usual.region),
              callee,
            ),
          ),
        ),
      ),
      // If leg A's phone forwards, Asterisk would drop leg A and ring a channel without these variables. This context
      // has no extension, so forwarding fails.
      FORWARD_CONTEXT: 'ringback-forwards-nothing',
      'CHANNEL(hangup_handler_push)': 'ringback-ended,s,1',
      'CHANNEL(accountcode)': callSid,
      ...(legA.startsWith('PJSIP/') && { 'PJSIP_HEADER(add,X-Ringback-Call)': callSid }),
    },
  };
};

/** The first number's names have no digit, as those of the only one. */
const variablesOf = (
  { phone, extension, ringSeconds }: HuntedNumber,
  index: number,
  dialString: string,
  whisper: string | undefined,
  shownOn: (callee: string) => string,
): [name: string, value: string][] => {
  const number = index === 0 ? '' : `_${index + 1}`;
  return [
    [`RINGBACK_DIAL${number}`, dialString],
    [`RINGBACK_RING${number}`, String(ringSeconds)],
    [`RINGBACK_TONES${number}`, extension === undefined ? '' : extensionTones(extension)],
    [`RINGBACK_WHISPER${number}`, (extension === undefined && whisper) || ''],
    [`RINGBACK_SHOWN${number}`, shownOn(phone)],
  ];
};

/** The argument of the option L of Dial: milliseconds of talk, and those before its end at which both hear a beep. */
const limitOf = ({ longestTalkSeconds, talkWarningSeconds }: CallTerms): Readonly<Record<string, string>> => {
  const limitMs = String(longestTalkSeconds * 1_000);
  const warning = talkWarning(talkWarningSeconds, longestTalkSeconds);
  if (warning === undefined) return { RINGBACK_TALK: limitMs };
  return {
    RINGBACK_TALK: `${limitMs}:${warning * 1_000}`,
    LIMIT_PLAYAUDIO_CALLER: 'yes',
    LIMIT_PLAYAUDIO_CALLEE: 'yes',
    LIMIT_WARNING_FILE: 'beep',
  };
};
