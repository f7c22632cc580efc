import twilio from 'twilio';
import { UnexpectedShape } from '../../common/foreign-json.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import { NotReached } from '../provider-connections.js';
import {
  StatusUnavailable,
  type CallMilestone,
  type CallStatus,
  type DialOutcome,
  type DialRequest,
  type HangUpOutcome,
  type ProviderCall,
  type SubAccountCredentials,
  type TelephonyProvider,
  type WebhookReading,
  type WebhookRequest,
} from '../telephony-provider.js';
import { isAccountSid, isCallSid, readReference, writeReference, type CallReference } from './call-reference.js';
import { checkCallback, type GenuineCallback } from './callback-check.js';
import { MalformedCallback, readCallback } from './callback-events.js';
import { callbackUrl, sealKeyOf, type SealedFor, type SealKey } from './callback-url.js';
import { isConfirmed } from './confirmation.js';
import {
  dialOrder,
  goodbye,
  isWithinReach,
  nextDial,
  callingNumbers,
  type CallPlan,
  type UrlFor,
} from './dial-order.js';
import { readApiFailure, refusalOf } from './error-codes.js';
import { factsOf } from './fetched-status.js';
import type { Dialect } from './dialect.js';
import { asksForNext, readLeft } from './hunt.js';
import { hangUpLegs, hangUpUnconditionally } from './hang-up.js';
import { callOfDial } from './lost-dial.js';
import { ownRefusals } from './own-refusals.js';
import { TwilioAccount } from './twilio-account.js';
import { TWILIO } from './twilio-dialect.js';
import { TwilioHttp } from './twilio-http.js';
import { withinLimit } from '../../common/time-limit.js';

export interface TwilioOptions extends CallPlan {
  /** Default: Twilio itself. */
  readonly dialect?: Dialect;
  /**
   * The main account, which owns the sub-accounts. It places a call itself if the "sub-account" has the main
   * account's sid.
   */
  readonly accountSid: string;
  /** Authorizes orders for all sub-accounts' calls, and is the key of the sealed callback URLs. */
  readonly authToken: string;
  /**
   * Keys that verify callbacks. At Twilio: secrets of the SharedKeys that may sign them, if a webhook rule of the account
   * names one.
   */
  readonly signingKeys?: readonly string[];
  /** The public URL of Ringback, without `/v1/webhooks/…`: `https://calls.example.com`. */
  readonly publicUrl: string;
  /** The API; a different one for a Twilio region, or for tests. */
  readonly apiUrl?: string;
  /** The time limit of all requests but a dial, which is limited by its signal. Default: 5 s. */
  readonly replyLimitMs?: number;
  readonly proxyFor?: ProxyFor;
}

const REPLY_LIMIT_MS = 5_000;
/** Time limit of the health request. */
const HEALTH_LIMIT_MS = 2_000;
/**
 * How long before the dial the search begins: more than the clocks differ (lost-dial.ts). If Twilio filters by day, it
 * finds more.
 */
const LOOKED_BACK_MS = 60_000;

/**
 * Twilio Programmable Voice, or a company that speaks a dialect of it. The provider keeps no state of calls, so any
 * replica can process any callback.
 */
export class TwilioProvider implements TelephonyProvider {
  readonly name: string;
  readonly limitsTalk = true;
  /** Each next number is the reply to the end of the Dial before. */
  readonly hunts = true;
  /** Each status needs up to two requests. Twilio limits concurrent requests and answers more with 429. */
  readonly asksPerSecond = 100;
  readonly defaultAccount: SubAccountCredentials;
  private readonly dialect: Dialect;
  private readonly publicUrl: string;
  private readonly key: SealKey;
  private readonly http: TwilioHttp;

  constructor(private readonly options: TwilioOptions) {
    this.dialect = options.dialect ?? TWILIO;
    this.name = this.dialect.name;
    this.publicUrl = options.publicUrl.replace(/\/+$/, '');
    this.key = sealKeyOf(options.authToken);
    this.defaultAccount = { externalId: options.accountSid, secret: options.authToken };
    this.http = new TwilioHttp(this.dialect, options.apiUrl ?? this.dialect.apiUrl ?? '', options.proxyFor);
  }

  /** By `sendDigits`. */
  dialsExtension(): boolean {
    return true;
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    const { externalId: accountSid, secret } = request.subAccount;
    const { dialect } = this;
    // The package throws for both, which would look like an unknown outcome.
    if (!this.isAccount(accountSid) || secret === '') {
      const text = `the sub-account is not one of ${dialect.company}: ${dialect.accountHint}`;
      return { kind: 'refused', ...ownRefusals(dialect).noAccount, text };
    }
    if (!isWithinReach(request)) {
      const text = `${dialect.company} dials international numbers only`;
      return { kind: 'refused', ...ownRefusals(dialect).shortNumber, text };
    }
    const urlFor = this.urlFor({ callSid: request.callSid, accountSid }, secret);
    const order = dialOrder(request, this.options, urlFor, dialect);
    let retryAfterMs: number | undefined;
    const hold = (seconds: number): void => {
      retryAfterMs = seconds * 1000;
    };
    try {
      const { sid, status } = await this.clientOf(request.subAccount, accountSid, signal, hold).calls.create(order);
      if (!dialect.repliesWithId) {
        if (typeof status !== 'string')
          throw new Error(`${dialect.company} accepted a call without sending its status`);
        return { kind: 'accepted', providerCallId: null };
      }
      if (!isCallSid(dialect, sid)) throw new Error(`${dialect.company} accepted a call without sending its sid`);
      return { kind: 'accepted', providerCallId: writeReference({ accountSid, sid }) };
    } catch (error) {
      const failure = readApiFailure(error);
      if (failure) {
        const refusal = refusalOf(dialect.errorCodes, failure);
        return { kind: 'refused', ...refusal, ...(retryAfterMs !== undefined && { retryAfterMs }) };
      }
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', ...ownRefusals(dialect).unreached, text: error.message };
    }
  }

  /** `before: 'ringing'` is valid until leg A is answered, the last point at which Twilio can decide in one step. */
  async hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    const reference = await this.referenceOf(call).catch((cause: unknown) => {
      if (call.providerCallId !== null || cause instanceof StatusUnavailable) throw cause;
      throw new StatusUnavailable('the call could not be searched for, so no order was sent', { cause });
    });
    const { company, cancelsUnanswered, errorCodes } = this.dialect;
    if (!reference) throw new StatusUnavailable(`${company} has no call that matches the dial, at least not yet`);
    try {
      const hangUp = cancelsUnanswered ? hangUpLegs : hangUpUnconditionally;
      return await hangUp(this.accountOf(reference), reference.sid, before);
    } catch (error) {
      const failure = readApiFailure(error);
      if (failure) return { kind: 'refused', ...refusalOf(errorCodes, failure) };
      throw error;
    }
  }

  async fetchStatus(call: ProviderCall): Promise<CallStatus> {
    const reference = await this.referenceOf(call);
    if (!reference) return { kind: 'unknown' };
    const account = this.accountOf(reference);
    const legA = await account.legOf(reference.sid);
    if (legA === 'no such call') return { kind: 'unknown' };
    const legsB = this.dialect.recordsParents ? await account.childrenOf(legA.sid) : [];
    const facts = factsOf(legA, legsB, this.options.ringCalleeSeconds);
    const providerCallId = writeReference(reference);
    return { kind: 'known', events: facts.map((fact) => ({ callSid: call.callSid, providerCallId, ...fact })) };
  }

  async checkReachable(): Promise<void> {
    const { accountSid } = this.options;
    const { fetchesAccount, packageAccount } = this.dialect;
    await this.ask(accountSid, HEALTH_LIMIT_MS, async (client) => {
      if (fetchesAccount) await client.api.v2010.accounts(packageAccount(accountSid)).fetch();
      else await client.calls.list({ limit: 1, pageSize: 1 });
    });
  }

  readWebhook(request: WebhookRequest): WebhookReading {
    const now = new Date();
    const { dialect, publicUrl, key } = this;
    const { signingKeys = [], accountSid: mainAccount } = this.options;
    const callback = checkCallback(request, { dialect, publicUrl, key, signingKeys, mainAccount, now });
    if (callback.kind === 'forged') return callback;
    try {
      return {
        kind: 'genuine',
        events: readCallback(dialect, callback, now),
        // Twilio signs a retry identically, with the same I-Twilio-Idempotency-Token. For the others it is not known.
        // A repeated event is harmless.
        receipt: null,
        ...this.replyTo(callback),
      };
    } catch (error) {
      if (error instanceof MalformedCallback || error instanceof UnexpectedShape)
        return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
      throw error;
    }
  }

  /** Safe to repeat. */
  close(): Promise<void> {
    return this.http.close();
  }

  /**
   * With the main account's credentials, which are valid for its sub-accounts: an order for a call has no credentials
   * of its own.
   */
  private accountOf({ accountSid }: Pick<CallReference, 'accountSid'>): TwilioAccount {
    const limitMs = this.options.replyLimitMs ?? REPLY_LIMIT_MS;
    return new TwilioAccount((request) => this.ask(accountSid, limitMs, request), this.dialect);
  }

  private ask<T>(accountSid: string, limitMs: number, request: (client: twilio.Twilio) => Promise<T>): Promise<T> {
    const credentials = { externalId: this.options.accountSid, secret: this.options.authToken };
    return withinLimit(limitMs, (signal) => request(this.clientOf(credentials, accountSid, signal)));
  }

  private clientOf(
    credentials: SubAccountCredentials,
    accountSid: string,
    signal: AbortSignal,
    hold?: (seconds: number) => void,
  ): twilio.Twilio {
    const httpClient = this.http.until(signal, hold);
    return new twilio.Twilio(credentials.externalId, credentials.secret, {
      accountSid: this.dialect.packageAccount(accountSid),
      httpClient,
      autoRetry: false,
    });
  }

  private urlFor(owner: Pick<SealedFor, 'callSid' | 'accountSid'>, secret: string): UrlFor {
    return (source, then, hunt) =>
      callbackUrl(this.dialect, this.publicUrl, this.key, secret, { ...owner, source, hunt }, then);
  }

  /** The document that Twilio carries out next. */
  private replyTo(callback: GenuineCallback): Pick<GenuineReading, 'reply'> {
    const { source } = callback;
    if (source !== 'dial' && source !== 'confirm') return {};
    const next = source === 'confirm' ? confirmed(callback) : this.nextDial(callback);
    const contentType = 'text/xml; charset=utf-8';
    return { reply: { contentType, body: next ?? goodbye(), ...(next !== null && { isNeeded: true }) } };
  }

  /** Null if the call has no other number, or needs none. @throws UnexpectedShape */
  private nextDial({ callSid, accountSid, fields, then, hunt, sealed }: GenuineCallback): string | null {
    if (then === undefined || hunt === undefined || !asksForNext(this.dialect, fields)) return null;
    const urlFor = this.urlFor({ callSid, accountSid }, sealed);
    return nextDial(readLeft(then), hunt.place + 1, this.options, urlFor, this.dialect);
  }

  private isAccount(id: string): boolean {
    return isAccountSid(this.dialect, id) && (this.dialect.hasSubAccounts || id === this.options.accountSid);
  }

  /**
   * @returns null if the call's id is unknown and no call matches the dial
   * @throws also if the search fails, several calls match, or it is not certain that the match is this call
   */
  private async referenceOf({ providerCallId, dialled }: ProviderCall): Promise<CallReference | null> {
    if (providerCallId !== null) return readReference(this.dialect, providerCallId);
    if (!dialled || !this.isAccount(dialled.subAccount)) {
      throw new StatusUnavailable('no status of this call: neither its id nor its dial is known');
    }
    const { subAccount: accountSid, callerPhone, shownToCaller, at } = dialled;
    const account = this.accountOf({ accountSid });
    const startedAfter = new Date(at.getTime() - LOOKED_BACK_MS);
    const found = callOfDial(
      dialled,
      accountSid,
      await account.callsTo(callerPhone, callingNumbers(this.options, shownToCaller), startedAfter),
    );
    if (found && !this.dialect.recordsParents) {
      // Another call may have dialled this phone as its leg B.
      throw new StatusUnavailable(`${this.dialect.company} has a call to this phone, which may be another one’s leg B`);
    }
    return found;
  }
}

const confirmed = ({ fields, then }: GenuineCallback): string | null =>
  isConfirmed(fields) && then !== undefined ? then : null;

type GenuineReading = Extract<WebhookReading, { kind: 'genuine' }>;
