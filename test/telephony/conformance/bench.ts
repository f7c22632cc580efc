/** What the conformance suite asks of whoever puts a provider to the test. */
import type {
  DialRequest,
  ProviderCall,
  ProviderEndReason,
  ProviderEventType,
  WebhookRequest,
} from '../../../src/telephony/telephony-provider.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import type { TestApp } from '../../support/test-app.js';

/** What leg B does; leg A answers. */
export type Scenario =
  'answers and hangs up' | 'answers and talks on' | 'rings on' | 'is busy' | 'declines' | 'cannot be reached';

/** How a dial is wrong, in a way that its provider knows at once. */
export type Mistake = 'a number that is none' | 'an account that is none';

/**
 * Where providers may differ. The contract leaves room for each; the suite asserts on what is said here, and skips nothing,
 * so that a provider which can do more than it says fails like one that can do less.
 */
export interface Abilities {
  /** Of a call that is answered, in order. */
  readonly tells: readonly ProviderEventType[];
  /** Of a call that is not answered, where that is not the same without the answer. */
  readonly tellsOfNoAnswer?: readonly ProviderEventType[];
  /** Which of those it still knows when it is asked; none where it cannot be asked about a call at all. */
  readonly tellsWhenAsked: readonly ProviderEventType[];
  /** What it calls these ends; some tell no busy line from a phone that is out of reach. */
  readonly endReasons: Readonly<Record<'is busy' | 'declines' | 'cannot be reached', ProviderEndReason>>;
  /** What an order must name: our callSid or what was dialled is enough, or it takes the id that the reply to the dial told. */
  readonly findsCallsBy: 'our callSid' | 'what was dialled' | 'its own id';
  /** Whether it hangs up on condition, in one step; else it refuses such orders. */
  readonly decidesBefore: boolean;
  /** Whether it says that a call is gone or has passed the condition; else it only refuses. */
  readonly saysWhyNot: boolean;
  readonly checksSubAccounts: boolean;
  readonly makesSubAccounts: boolean;
  readonly tellsBy: 'webhooks' | 'a stream';
}

/** The last two digits of the callee's number, by which the stand-ins know what leg B does. */
export const SCRIPTS: Readonly<Record<Scenario | Mistake, string>> = {
  'answers and hangs up': '00',
  'answers and talks on': '13',
  'rings on': '02',
  'is busy': '01',
  declines: '03',
  'cannot be reached': '04',
  'a number that is none': '06',
  'an account that is none': '00',
};

/** Settings of the service: a dial that is not replied to is waited for no longer than a test likes. */
export const SHORT_DIALS = { DIAL_TIMEOUT: '1' };

export interface Bench {
  /** The whole service, with this provider alone; webhooks come in by its own door. */
  readonly service: TestApp;
  /** The network between the service and the provider; webhooks do not go by it. */
  readonly line: TcpProxy;
  readonly farSide: FarSide;
  people(scenario: Scenario | Mistake): Promise<Omit<DialRequest, 'callSid'>>;
  /** By an id as the provider gives them, to a call that was never placed. */
  readonly strangeCall: ProviderCall;
  /** Where the provider tells by webhooks. */
  readonly forger?: Forger;
  close(): Promise<void>;
}

/** @returns what closes the parts one after another */
export const closing =
  (...parts: readonly { close(): Promise<unknown> }[]) =>
  async (): Promise<void> => {
    for (const part of parts) await part.close();
  };

/** What the provider's own side knows, whatever we have been told. */
export interface FarSide {
  /** How many times it was asked for this call. */
  dialsOf(callSid: string): Promise<number>;
  phaseOf(callSid: string): Promise<'dialling' | 'ringing' | 'talking' | 'over'>;
}

export interface Forger {
  /** Each with one part altered of what proves where it comes from. */
  forgeriesOf(genuine: WebhookRequest): readonly WebhookRequest[];
  /** Proven anew as the provider does it, and not to be understood. */
  nonsenseLike(genuine: WebhookRequest): WebhookRequest;
}
