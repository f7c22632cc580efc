/**
 * The contract of a telephony provider. The provider holds the call: after the dial it rings leg A (the caller), then
 * leg B (the callee), and connects them. The call goes on even if all of Ringback stops. No HTTP or SDK type is part of
 * this contract. Callers branch on kinds and categories, never on a provider's text.
 */
export interface TelephonyProvider {
  /**
   * Short and stable. Stored with every call and event, and part of the webhook's URL. Of several providers of a kind:
   * `<kind>@<own name>` (provider-kind.ts).
   */
  readonly name: string;

  /**
   * The maximum rate of `fetchStatus`, for all replicas together; default ASKS_PER_SECOND. 84 a second allow 5,000
   * calls within a minute after an outage.
   */
  readonly asksPerSecond?: number;

  /** Whether it ends a call by itself after DialTerms.longestTalkSeconds. */
  readonly limitsTalk?: true;

  /**
   * Whether it dials DialRequest.calleeExtension of this number. Otherwise it gets no such call. Without it the provider dials
   * no extensions.
   */
  dialsExtension?(calleePhone: string): boolean;

  /**
   * Whether it dials DialRequest.hunt by itself, also if all of Ringback stops or has stopped. Otherwise it gets only
   * calleePhone. A provider that asks for each next number says so on its page.
   */
  readonly hunts?: true;

  /**
   * The account that carries calls of callers who are no users of ours, and so have no sub-account. Without it the provider
   * carries no such call.
   */
  readonly defaultAccount?: SubAccountCredentials;

  /**
   * Requests a call. Not safe to repeat.
   * @throws if the outcome is unknown: phones may be ringing. If the provider was certainly not reached (connection
   *   refused), the outcome is `refused` as `provider_down` instead.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome>;

  /**
   * Ends a call in any state. Safe to repeat.
   *
   * With `before`, it ends only a call that has not reached that milestone. Any other call goes on, and the result is
   * `passed`. The provider must decide this in one step: between the check and the hang-up no phone can be answered. To
   * fetch the status and then hang up is not one step: it would cut off a party who answers in between. A provider
   * without such a step (no conditional order, no dialplan that could decide) leaves the call unchanged and refuses as
   * `forbidden`. The caller decides whether to order an unconditional hang-up.
   * @throws if it is unknown whether the provider accepted the order; StatusUnavailable if no order was sent.
   */
  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome>;

  /**
   * The call's current status. If its provider id is unknown, the events contain it.
   * @throws if the request failed; StatusUnavailable if the provider is not at fault
   */
  fetchStatus(call: ProviderCall): Promise<CallStatus>;

  /**
   * The sub-account of that name: an existing or a new one. Safe to repeat. Optional: only for providers that can
   * create sub-accounts.
   * @param name letters, digits and -; at most 64 characters
   * @throws if there is none
   */
  createSubAccount?(name: string): Promise<SubAccountCredentials>;

  /**
   * Resolves if the provider can be reached and accepts our credentials. Only for the health check.
   * @throws the reason, for the log
   */
  checkReachable(): Promise<void>;

  /** Verifies the raw bytes first, then parses them. Optional: only for providers with webhooks. */
  readWebhook?(request: WebhookRequest): WebhookReading;

  /**
   * Keeps a stream of events open, including reconnects, until `close`. For a provider without webhooks. Resolves once
   * the stream is open, or the first attempt has failed; attempts continue.
   */
  listen?(listener: ProviderListener): Promise<void>;

  /** Whether the stream is open. While it is not, other providers of its kind are preferred. */
  isListening?(): boolean;

  /** Closes the provider's connections. Calls go on. Safe to repeat. */
  close?(): Promise<void>;
}

export interface ProviderListener {
  /**
   * Must not throw. A stream repeats no event.
   * @param onlyHere other replicas do not receive this event; without it all do, and one of them applies it
   */
  onEvent(event: ProviderEvent, onlyHere?: 'only_here'): void;
  /** The stream is open, for the first time or again. Earlier events may have been missed. */
  onListening(): void;
}

/**
 * No status of this call is available, at least not now, and the provider is not at fault: the provider's id of the
 * call is unknown, or the provider's reply carries no information. Other calls are not affected.
 */
export class StatusUnavailable extends Error {}

export interface DialRequest {
  /** Sent with the dial and returned with each event, so that an event may overtake the reply. */
  readonly callSid: string;
  /** Leg A, rung first. E.164, or a national short number such as 95588 if the number has no international form. */
  readonly callerPhone: string;
  /** Leg B, rung once leg A has answered. Same format. */
  readonly calleePhone: string;
  /** Digits that leg B's switchboard takes as tones (DTMF) after its answer. */
  readonly calleeExtension?: string | undefined;
  /**
   * Leg B's numbers, at least two, of which calleePhone is the first. If one is busy, does not answer in its time or cannot be
   * reached, the provider reports `leg_ended` and dials the next, while leg A waits. The last one's end is that of the call.
   */
  readonly hunt?: readonly HuntedNumber[] | undefined;
  readonly subAccount: SubAccountCredentials;
  /** Where the call is to differ from the settings. A provider does what it can; Ringback itself ends a talk that is too long. */
  readonly terms?: DialTerms | undefined;
}

export interface HuntedNumber {
  /** In the form of callerPhone. No two of a hunt are the same. */
  readonly phone: string;
  readonly extension?: string | undefined;
  readonly ringSeconds: number;
}

export interface DialTerms {
  readonly ringCallerSeconds?: number;
  readonly ringCalleeSeconds?: number;
  readonly longestTalkSeconds?: number;
  readonly record?: boolean;
  /** The numbers that the two phones show, in the form of callerPhone. */
  readonly shownToCaller?: string;
  readonly shownToCallee?: string;
}

export interface SubAccountCredentials {
  readonly externalId: string;
  readonly secret: string;
}

/**
 * Identifies a call at its provider. The provider's id is unknown while its reply to the dial is outstanding, or if it
 * was lost.
 */
export interface ProviderCall {
  readonly callSid: string;
  readonly providerCallId: string | null;
  /** Set if the provider's id is unknown, for a provider that finds a call by what was dialled. */
  readonly dialled?: DialledCall;
}

export interface DialledCall {
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** The sub-account's id at the provider. */
  readonly subAccount: string;
  /** DialTerms.shownToCaller of the dial; null for none. */
  readonly shownToCaller: string | null;
  /** The earliest time of the dial, by our clock. */
  readonly at: Date;
  /** The provider's ids of other recent calls to the same caller's phone. None of them is this call's. */
  readonly othersIds: readonly string[];
}

export type DialOutcome =
  | {
      readonly kind: 'accepted';
      /** Null if the reply does not contain it. Then the first event does. */
      readonly providerCallId: string | null;
    }
  | ({ readonly kind: 'refused' } & Refusal);

/**
 * too_frequent and not_permitted are refusals by the provider's policy. too_frequent: this caller or callee is called
 * too often; the same call may be placed later. not_permitted: something must be changed before this call, such as a
 * number to register or to remove from a blacklist, or a destination to enable; or the number, which may be right, is
 * beyond the provider's reach. bad_number: the number is wrong at every provider.
 * rate_limited applies to our requests as a whole. forbidden is any other refusal, including problems of our own
 * account.
 */
export const REFUSAL_CATEGORIES = [
  'bad_number',
  'bad_account',
  'no_funds',
  'forbidden',
  'rate_limited',
  'too_frequent',
  'not_permitted',
  'provider_down',
] as const;
export type RefusalCategory = (typeof REFUSAL_CATEGORIES)[number];

/** A definite refusal: no phone rang and none will. */
export interface Refusal {
  readonly category: RefusalCategory;
  /** The provider's own code and text, kept for people. */
  readonly code: string;
  readonly text: string;
  /** With `rate_limited`, if the provider says so: the time after which it accepts the request. */
  readonly retryAfterMs?: number;
}

/** One that Ringback makes itself, without its words. docs/providers/refusals.md lists those that are passed over. */
export type OwnRefusal = Pick<Refusal, 'category' | 'code'>;

/** A step of a call. A call that was answered without a ringing event has also passed `ringing`. */
export type CallMilestone = 'ringing' | 'answered';

/**
 * taken: the call is ended or certainly will be. gone: it was over before the order arrived, or the provider does not
 * know it. passed: it had reached the milestone, and the order has not changed it; it may be over since. refused: the
 * provider refused the order.
 */
export type HangUpOutcome = { readonly kind: 'taken' | 'gone' | 'passed' } | ({ readonly kind: 'refused' } & Refusal);

/** The call's events so far; or the provider does not know the call. */
export type CallStatus =
  | { readonly kind: 'known'; readonly events: readonly ProviderEvent[] }
  | { readonly kind: 'unknown' };

/** Why a provider ended a call. */
export const PROVIDER_END_REASONS = [
  'completed',
  'busy',
  'no_answer',
  'rejected',
  'canceled',
  'unreachable',
  'failed',
] as const;
export type ProviderEndReason = (typeof PROVIDER_END_REASONS)[number];

/**
 * accepted: the provider has the call. This event carries the provider's id, which the reply to the dial may not have
 * delivered. caller_answered: leg A. ringing and answered: leg B. leg_ended: a number of a hunt, but the last one, has ended
 * without an answer.
 */
export type ProviderEventType = 'accepted' | 'caller_answered' | 'ringing' | 'leg_ended' | 'answered' | 'ended';

/** How a leg ended, in the provider's own terms: its cause, its SIP status. No phone number. */
export type LegCause = Readonly<Record<string, string | number | boolean>>;

/** Null for a leg that was not dialled, or whose end its provider has not reported. */
export interface LegCauses {
  readonly A: LegCause | null;
  readonly B: LegCause | null;
}

export interface ProviderEvent {
  /** The same for every delivery of an event, also when fetchStatus returns it. Unique within the provider. */
  readonly eventId: string;
  /** Null if the provider sends only its own id; then providerCallId is set. */
  readonly callSid: string | null;
  readonly providerCallId: string | null;
  readonly type: ProviderEventType;
  /** By the provider's clock. */
  readonly occurredAt: Date;
  /** Only with `ended`, and of the number with `leg_ended`. */
  readonly endReason?: ProviderEndReason;
  /** Which number of a hunt the event is about, from 1. With `leg_ended` always; with others if the provider tells it. */
  readonly place?: number;
  /** Only with `ended`: how each leg ended, as far as the provider reports it with this event. */
  readonly causes?: { readonly A?: LegCause; readonly B?: LegCause };
  /** Where the provider keeps the recording: a file name or a URL, as the provider sends it. */
  readonly recording?: string;
  /** Other facts from the provider, for the timeline: its codes, which leg. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export interface WebhookRequest {
  /** Names in lower case. Repeated headers are joined by a comma and a space. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Path and query as requested: `/v1/webhooks/NAME`, and the rest of the URL that the provider was given. */
  readonly target: string;
  /** The sender's IP address, as reported by trusted proxies. */
  readonly address: string;
}

export type WebhookReading =
  | {
      readonly kind: 'genuine';
      readonly events: readonly ProviderEvent[];
      /**
       * Identifies this delivery. A genuine retry is signed anew and has another receipt; the same receipt again is a
       * replay. Null if the provider signs a retry identically.
       */
      readonly receipt: string | null;
      /** The reply that the provider expects, with status 200. Default: 204 without a body. */
      readonly reply?: {
        readonly contentType: string;
        readonly body: string;
        /** The call goes on by this reply, so it is sent even if the events cannot be stored. They are fetched later. */
        readonly isNeeded?: true;
        /** The body instead, if the call is over by then, or another provider's: this one asks before it rings a phone. */
        readonly ifOver?: string;
      };
    }
  | { readonly kind: 'forged'; readonly reason: string }
  /** Signed by the provider, but not readable. */
  | { readonly kind: 'malformed'; readonly reason: string };
