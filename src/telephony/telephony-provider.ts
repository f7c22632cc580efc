/**
 * What Ringback asks of whoever rings phones. A provider holds the call: once told to dial it rings leg A (the
 * caller), then leg B (the callee), joins them, and goes on by itself if all of Ringback dies. No HTTP or SDK type
 * passes through here, and callers branch on kinds and categories, never on a provider's text.
 */
export interface TelephonyProvider {
  /** Short and stable; stored with every call and event, and part of the webhook's URL. */
  readonly name: string;

  /**
   * How many calls a second it may be asked about with `fetchStatus`, by all replicas together; ASKS_PER_SECOND where it is
   * left out. 84 a second let 5,000 calls be asked about within a minute of an outage.
   */
  readonly asksPerSecond?: number;

  /**
   * Asks for a call. Not safe to repeat.
   * @throws whatever went wrong where the outcome is unknown: phones may be ringing. A provider that was certainly not
   * reached (connection refused) is `refused` as `provider_down` instead.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome>;

  /**
   * Ends a call in any state. Safe to repeat.
   *
   * With `before` the order holds only for a call that has not come so far; one that has is left to go on, and the order
   * is answered by `passed`. The provider decides in one step: between its look at the call and the hang-up nobody can
   * answer. To fetch the status and to hang up afterwards is no such step, for it cuts off whoever answers in between. A
   * provider that has nothing better (no conditional order, no dialplan that could decide) touches nothing and refuses as
   * `forbidden`; whether the order shall be given without a condition is for the caller to say.
   * @throws where it is unknown whether the provider took the order; StatusUnavailable where it was given none.
   */
  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome>;

  /**
   * What the provider knows of the call now. Where its id is unknown, the events bring it.
   * @throws where the provider could not be asked; StatusUnavailable where that is no fault of its.
   */
  fetchStatus(call: ProviderCall): Promise<CallStatus>;

  /**
   * The sub-account of that name: a new one, or the one that there is; safe to repeat. A provider that makes none leaves it
   * out.
   * @param name letters, digits and -; at most 64 of them
   * @throws where there is none
   */
  createSubAccount?(name: string): Promise<SubAccountCredentials>;

  /**
   * Resolves if the provider can be reached and accepts our credentials. Tells only whether it is degraded.
   * @throws the reason why not, for the log
   */
  checkReachable(): Promise<void>;

  /** Checks the raw bytes first and parses afterwards. A provider without webhooks leaves it out. */
  readWebhook?(request: WebhookRequest): WebhookReading;

  /**
   * Keeps a stream of events open, with all that it takes to find it again when it is lost, until `close`. For a provider
   * that sends no webhooks. Resolves once the stream is open, or could not be opened at first; it goes on trying.
   */
  listen?(listener: ProviderListener): Promise<void>;

  /** Lets go of what the provider keeps open. Calls go on. Safe to repeat. */
  close?(): Promise<void>;
}

export interface ProviderListener {
  /** Must not throw. On a stream nothing is told twice. */
  onEvent(event: ProviderEvent): void;
  /** The stream is open, for the first time or again: what happened before may have been missed. */
  onListening(): void;
}

/**
 * This call cannot be asked about, or not at the moment, and no trouble of the provider's is to blame: its id of the call
 * never came, or its answer tells nothing. Other calls' orders are none the worse for it.
 */
export class StatusUnavailable extends Error {}

export interface DialRequest {
  /** Travels with the call and comes back with its events, so that an event may overtake the reply. */
  readonly callSid: string;
  /** Leg A, rung first; E.164, or a national short number such as 95588 where the number has no international form. */
  readonly callerPhone: string;
  /** Leg B, rung once leg A has answered; same form. */
  readonly calleePhone: string;
  readonly subAccount: SubAccountCredentials;
}

export interface SubAccountCredentials {
  readonly externalId: string;
  readonly secret: string;
}

/** How a provider's call is found again. The provider's id is unknown while its reply to the dial is outstanding, or lost. */
export interface ProviderCall {
  readonly callSid: string;
  readonly providerCallId: string | null;
  /** Where the provider's id is unknown: for a provider that finds a call by what it was asked to dial. */
  readonly dialled?: DialledCall;
}

export interface DialledCall {
  readonly callerPhone: string;
  readonly calleePhone: string;
  /** The sub-account's id at the provider. */
  readonly subAccount: string;
  /** The dial was sent no earlier, by our clock. */
  readonly at: Date;
  /** The provider's ids of other recent calls to the same caller's phone. This call has none of them. */
  readonly othersIds: readonly string[];
}

export type DialOutcome =
  { readonly kind: 'accepted'; readonly providerCallId: string } | ({ readonly kind: 'refused' } & Refusal);

/**
 * too_frequent and not_permitted are refusals by the provider's own policy. too_frequent: this caller or callee is called too
 * often; the same call may be placed later. not_permitted: this call needs a change first, such as a number that has to be
 * registered or taken off a blacklist, or a destination that has to be opened.
 *
 * rate_limited is about our requests as a whole, and forbidden is any other no, the trouble of our own account among them.
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

/** A definite no: nobody's phone was rung and none will be. */
export interface Refusal {
  readonly category: RefusalCategory;
  /** The provider's own code and text, kept for people. */
  readonly code: string;
  readonly text: string;
  /** With `rate_limited`, where the provider says so: when it takes the same request. */
  readonly retryAfterMs?: number;
}

/** How far a call has come: `ringing` also holds for one that was answered without ever being told to ring. */
export type CallMilestone = 'ringing' | 'answered';

/**
 * taken: the call is ended or certainly will be. gone: it was over before the order came, or the provider knows no such
 * call. passed: it had come as far as the order was to be before, and the order has not touched it; it may be over since.
 * refused: the provider would not.
 */
export type HangUpOutcome = { readonly kind: 'taken' | 'gone' | 'passed' } | ({ readonly kind: 'refused' } & Refusal);

/** Everything known of a call so far, as the events that led there; or that the provider knows no such call. */
export type CallStatus =
  { readonly kind: 'known'; readonly events: readonly ProviderEvent[] } | { readonly kind: 'unknown' };

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
 * accepted: the provider has the call, and nothing more; the event is worth its id, which the reply to the dial may not have
 * brought. caller_answered: leg A. ringing and answered: leg B.
 */
export type ProviderEventType = 'accepted' | 'caller_answered' | 'ringing' | 'answered' | 'ended';

export interface ProviderEvent {
  /** The same for every delivery of the same fact, also when it is read by fetchStatus; unique within the provider. */
  readonly eventId: string;
  /** Null where the provider names its own call alone; then there is a providerCallId. */
  readonly callSid: string | null;
  readonly providerCallId: string | null;
  readonly type: ProviderEventType;
  /** By the provider's clock. */
  readonly occurredAt: Date;
  /** With `ended` only. */
  readonly endReason?: ProviderEndReason;
  /** Where the provider keeps the recording of the call: a file's name or a URL, as it tells it. */
  readonly recording?: string;
  /** What else the provider said, for the timeline: its own codes, which leg. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export interface WebhookRequest {
  /** Names in lower case; a header that came more than once is joined by a comma and a space. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Path and query as they were asked for: `/v1/webhooks/NAME`, and whatever the provider was told to put after it. */
  readonly target: string;
  /** Whom it came from: an IP address, by the word of the proxies in front of us where those are trusted. */
  readonly address: string;
}

export type WebhookReading =
  | {
      readonly kind: 'genuine';
      readonly events: readonly ProviderEvent[];
      /**
       * Names this very delivery. An honest retry is signed anew and has another receipt; the same receipt again is
       * somebody replaying what they overheard. Null where the provider signs a retry no differently.
       */
      readonly receipt: string | null;
      /** What the provider wants to hear, with a status of 200; where it is left out, 204 and no body. */
      readonly reply?: { readonly contentType: string; readonly body: string };
    }
  | { readonly kind: 'forged'; readonly reason: string }
  /** Signed by the provider, yet not to be understood. */
  | { readonly kind: 'malformed'; readonly reason: string };
