/** What the conformance suite needs in order to test a provider. */
import type {
  DialRequest,
  DialTerms,
  ProviderCall,
  ProviderEndReason,
  ProviderEventType,
  RefusalCategory,
  WebhookRequest,
} from '../../../src/telephony/telephony-provider.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import type { TestApp } from '../../support/test-app.js';

/** What leg B does; leg A answers. */
export type Scenario =
  | 'answers and hangs up'
  | 'answers and talks on'
  | 'rings on'
  | 'is busy'
  | 'declines'
  | 'cannot be reached'
  | 'hangs up in the whisper';

/** What leg A does after its answer, if it is asked for a key. */
export type Caller = 'presses 1' | 'presses another key' | 'presses nothing' | 'hangs up in the prompt';

/** How the service is set: as usual, with CONFIRM_CALLER, or with a whisper. */
export type Manner = 'as usual' | 'asking the caller' | 'whispering';

/** How a dial is wrong, in a way that the provider detects at once. */
export type Mistake = 'an invalid number' | 'an invalid account';

/** The terms of a call, as the company has received them. */
export interface ReceivedTerms extends DialTerms {
  /** Seconds before the end of the longest talk. */
  readonly talkWarningSeconds?: number | undefined;
}
export const ALL_TERMS = [
  'ringCallerSeconds',
  'ringCalleeSeconds',
  'longestTalkSeconds',
  'talkWarningSeconds',
  'record',
  'shownToCaller',
  'shownToCallee',
] as const satisfies readonly (keyof ReceivedTerms)[];
export type TermName = (typeof ALL_TERMS)[number];

/** Why a provider may refuse a dial although number and account are valid. */
export const OWN_REASONS = ['too_frequent', 'not_permitted', 'rate_limited', 'no_funds'] as const;
export type OwnReason = (typeof OWN_REASONS)[number];

/**
 * Where providers may differ within the contract. The suite skips nothing: it asserts what is declared here. A provider that
 * can do more than it declares fails, like one that can do less.
 */
export interface Abilities {
  /** Events of a call that is answered, in order. */
  readonly reports: readonly ProviderEventType[];
  /** Events of a call that is not answered. By default those of an answered call, without the answer. */
  readonly reportsWithoutAnswer?: readonly ProviderEventType[];
  /** Events that fetchStatus returns. Empty if the provider cannot be asked about a call. */
  readonly statusReports: readonly ProviderEventType[];
  /** True if fetchStatus returns only leg A's events, so that it does not tell whether the callee has answered. */
  readonly statusLacksLegB?: true;
  /** End reasons that it reports. Some providers do not distinguish a busy line from an unreachable phone. */
  readonly endReasons: Readonly<Record<'is busy' | 'declines' | 'cannot be reached', ProviderEndReason>>;
  /** How the provider finds a call: by our callSid, by the numbers that were dialled, or only by its own id of the call. */
  readonly findsCallsBy: 'our callSid' | 'what was dialled' | 'its own id';
  /** Whether it tells that a call was never placed, even if it does not find a call that was. Default: if it finds calls. */
  readonly tellsUnplaced?: true;
  /** Whether it can hang up on a condition, in one step. If not, it refuses such orders. */
  readonly hangsUpOnCondition: boolean;
  /** Whether it reports that a call is gone or has passed the condition. If not, it only refuses. */
  readonly explainsRefusals: boolean;
  readonly checksSubAccounts: boolean;
  readonly makesSubAccounts: boolean;
  /** The reasons of its own that it tells apart from other refusals. */
  readonly refusesAs: readonly OwnReason[];
  /** Whether it reads from a `rate_limited` when to try again. Otherwise such a call is refused at once. */
  readonly readsRetryAfter?: true;
  /** Whether it dials the callee's extension after the answer. If not, the service never gives it one. */
  readonly dialsExtensions: boolean;
  /** Whether it tries the next number of a hunt by itself. If not, the service gives it only the first. */
  readonly hunts: boolean;
  /** Whether leg A must press 1 before leg B is dialled, with CONFIRM_CALLER. If not, that setting has no effect. */
  readonly confirmsCaller: boolean;
  /** Whether leg B can hear a whisper after its answer, before the two are joined. If not, there is no setting for it. */
  readonly whispers: boolean;
  /** The terms of a call that it passes to the company. */
  readonly applies: readonly TermName[];
  readonly reportsBy: 'webhooks' | 'a stream';
}

/** The last two digits of the callee's number. They select what leg B does on the test servers. */
export const SCRIPTS: Readonly<Record<Scenario | Mistake, string>> = {
  'answers and hangs up': '00',
  'answers and talks on': '13',
  'rings on': '02',
  'is busy': '01',
  declines: '03',
  'cannot be reached': '04',
  'hangs up in the whisper': '15',
  'an invalid number': '06',
  'an invalid account': '00',
};

/** The caller's number. Its last two digits select what leg A does on the test servers. */
export const CALLERS: Readonly<Record<Caller, string>> = {
  'presses 1': '+8613800001001',
  'presses nothing': '+8613800001050',
  'presses another key': '+8613800001055',
  'hangs up in the prompt': '+8613800001059',
};

/** Numbers that the company's account may show. */
export const SHOWN = { toCaller: '+8675586000001', toCallee: '+8675586000002' } as const;

/** The header of a refusal. */
export const retryAfterOf = (seconds: number | undefined): Readonly<Record<string, string>> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };

/**
 * For test servers that are twenty times as fast as real time: the prompt takes 2.5 s.
 * @param whisper the setting for it
 */
export const settingsFor = (manner: Manner, whisper: Readonly<Record<string, string>> = {}) => ({
  ...SETTINGS,
  ...(manner === 'asking the caller' && { CONFIRM_CALLER: '50', RING_CALLER: '20' }),
  ...(manner === 'whispering' && whisper),
});

/** Settings of the service: a short wait for the reply to a dial keeps the tests short. */
export const SETTINGS = { DIAL_TIMEOUT: '1', TALK_WARNING: '60' };

export interface Bench {
  /** The whole service, with only this provider. It receives the webhooks itself. */
  readonly service: TestApp;
  /** The network between the service and the provider. Webhooks bypass it. */
  readonly line: TcpProxy;
  readonly farSide: FarSide;
  parties(scenario: Scenario | Mistake, caller?: Caller): Promise<Omit<DialRequest, 'callSid'>>;
  /** A number that talks on, for a provider that does not dial the extensions of every number. */
  readonly switchboard?: string;
  /**
   * The next dial is refused for this reason: by the company, or on a PBX by the caller's phone of the next `parties`.
   * @param retryAfterSeconds in the header that HTTP has for it
   */
  refuseNext(reason: OwnReason, retryAfterSeconds?: number): void;
  /** The categories of all refusals in the provider's tables. */
  readonly refusals: readonly RefusalCategory[];
  /** How long the two talk if the callee `answers and hangs up`. */
  readonly talkMs: number;
  /** A call that was never placed, with an id in the provider's format. */
  readonly unknownCall: ProviderCall;
  /** Only for a provider with webhooks. */
  readonly forger?: Forger;
  close(): Promise<void>;
}

/** @returns a function that closes the parts one after another */
export const closing =
  (...parts: readonly { close(): Promise<unknown> }[]) =>
  async (): Promise<void> => {
    for (const part of parts) await part.close();
  };

/** The provider's own view of a call, independent of the events that we received. */
export interface FarSide {
  /** How many times this call was dialled. */
  dialsOf(callSid: string): Promise<number>;
  phaseOf(callSid: string): Promise<'dialling' | 'ringing' | 'whispering' | 'talking' | 'over'>;
  /** Of a call that goes on. A term that the company was not told is undefined. */
  termsOf(callSid: string): Promise<ReceivedTerms>;
  /** The extension that the callee's switchboard has received; undefined for none. Only for a provider that dials extensions. */
  extensionOf?(callSid: string): Promise<string | undefined>;
  /** Whether leg B's phone has been dialled. Only for a provider that asks the caller. */
  hasRungCallee?(callSid: string): Promise<boolean>;
  /** How long the whisper of later calls is. Only for a provider that whispers. */
  whisperFor?(seconds: number): Promise<void>;
}

export interface Forger {
  /** Requests that each differ from the genuine one in one part of the proof of origin. */
  forgeriesOf(genuine: WebhookRequest): readonly WebhookRequest[];
  /** A request with a valid proof of origin and a body that is malformed. */
  malformedLike(genuine: WebhookRequest): WebhookRequest;
}
