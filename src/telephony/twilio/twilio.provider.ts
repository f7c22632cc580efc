import twilio from 'twilio';
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
import { checkCallback } from './callback-check.js';
import { MalformedCallback, readCallback } from './callback-events.js';
import { callbackUrl, sealKeyOf, type SealKey } from './callback-url.js';
import { dialOrder, goodbye, type CallPlan } from './dial-order.js';
import { readApiFailure, refusalOf } from './error-codes.js';
import { factsOf } from './fetched-status.js';
import { hangUpLegs } from './hang-up.js';
import { callOfDial } from './lost-dial.js';
import { TwilioAccount } from './twilio-account.js';
import { TwilioHttp } from './twilio-http.js';

export interface TwilioOptions extends CallPlan {
  /** The main account, AC…; sub-accounts are its own. It places calls itself for a "sub-account" that bears its sid. */
  readonly accountSid: string;
  /** Orders about every sub-account's calls are given with it, and callback addresses are sealed under it. */
  readonly authToken: string;
  /** Secrets of the SharedKeys that may sign callbacks, where a webhook rule of the account names one. */
  readonly sharedKeys?: readonly string[];
  /** Where Twilio reaches Ringback, without `/v1/webhooks/…`: `https://calls.example.com`. */
  readonly publicUrl: string;
  /** Twilio's API; another for one of its regions, or for tests. */
  readonly apiUrl?: string;
  /** How long Twilio may take to reply to anything but a dial, whose signal is its limit; 5 s where it is not said. */
  readonly replyLimitMs?: number;
  readonly proxyFor?: ProxyFor;
}

const API_URL = 'https://api.twilio.com';
const REPLY_LIMIT_MS = 5_000;
/** Of the request that tells whether it is reachable. */
const HEALTH_LIMIT_MS = 2_000;
/** Before the dial: more than the clocks differ (lost-dial.ts). Where Twilio takes a start for a day, it finds more. */
const LOOKED_BACK_MS = 60_000;

/** Twilio Programmable Voice. It holds nothing of a call, so that any replica understands what Twilio tells of any call. */
export class TwilioProvider implements TelephonyProvider {
  readonly name = 'twilio';
  /** Each is two requests. Twilio limits the requests in progress, and answers more with 429. */
  readonly asksPerSecond = 100;
  private readonly publicUrl: string;
  private readonly key: SealKey;
  private readonly http: TwilioHttp;

  constructor(private readonly options: TwilioOptions) {
    this.publicUrl = options.publicUrl.replace(/\/+$/, '');
    this.key = sealKeyOf(options.authToken);
    this.http = new TwilioHttp(options.apiUrl ?? API_URL, options.proxyFor);
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    const { externalId: accountSid, secret } = request.subAccount;
    // The package throws at either, which would look like an unknown outcome.
    if (!isAccountSid(accountSid) || secret === '') {
      const text = 'the sub-account is none of Twilio’s: its id begins with AC, and its auth token is not empty';
      return { kind: 'refused', category: 'bad_account', code: 'NO-TWILIO-ACCOUNT', text };
    }
    const order = dialOrder(request, this.options, (source) =>
      callbackUrl(this.publicUrl, this.key, secret, { callSid: request.callSid, accountSid, source }),
    );
    let retryAfterMs: number | undefined;
    const hold = (seconds: number): void => {
      retryAfterMs = seconds * 1000;
    };
    try {
      const { sid } = await this.clientOf(request.subAccount, accountSid, signal, hold).calls.create(order);
      if (!isCallSid(sid)) throw new Error('Twilio accepted a call and did not tell its sid');
      return { kind: 'accepted', providerCallId: writeReference({ accountSid, sid }) };
    } catch (error) {
      const failure = readApiFailure(error);
      if (failure)
        return { kind: 'refused', ...refusalOf(failure), ...(retryAfterMs !== undefined && { retryAfterMs }) };
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', category: 'provider_down', code: 'TWILIO-UNREACHED', text: error.message };
    }
  }

  /** `before: 'ringing'` holds until leg A answers, which is the last that Twilio can decide by itself. */
  async hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    const reference = await this.referenceOf(call).catch((cause: unknown) => {
      if (call.providerCallId !== null || cause instanceof StatusUnavailable) throw cause;
      throw new StatusUnavailable('Twilio could not be asked for the call, and was given no order', { cause });
    });
    if (!reference) throw new StatusUnavailable('Twilio has no call that the dial may have made, or not yet');
    try {
      return await hangUpLegs(this.accountOf(reference), reference.sid, before);
    } catch (error) {
      const failure = readApiFailure(error);
      if (failure) return { kind: 'refused', ...refusalOf(failure) };
      throw error;
    }
  }

  async fetchStatus(call: ProviderCall): Promise<CallStatus> {
    const reference = await this.referenceOf(call);
    if (!reference) return { kind: 'unknown' };
    const account = this.accountOf(reference);
    const legA = await account.legOf(reference.sid);
    if (legA === 'no such call') return { kind: 'unknown' };
    const facts = factsOf(legA, await account.childOf(legA.sid), this.options.ringCalleeSeconds);
    const providerCallId = writeReference(reference);
    return { kind: 'known', events: facts.map((fact) => ({ callSid: call.callSid, providerCallId, ...fact })) };
  }

  async checkReachable(): Promise<void> {
    const { accountSid } = this.options;
    await this.mainClient(accountSid, HEALTH_LIMIT_MS).api.v2010.accounts(accountSid).fetch();
  }

  readWebhook(request: WebhookRequest): WebhookReading {
    const callback = checkCallback(request, this.publicUrl, this.key, this.options.sharedKeys ?? []);
    if (callback.kind === 'forged') return callback;
    try {
      return {
        kind: 'genuine',
        events: readCallback(callback, new Date()),
        // Twilio signs a retry no differently, and repeats its I-Twilio-Idempotency-Token with it.
        receipt: null,
        ...(callback.source === 'dial' && { reply: { contentType: 'text/xml; charset=utf-8', body: goodbye() } }),
      };
    } catch (error) {
      if (error instanceof MalformedCallback) return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
      throw error;
    }
  }

  /** Safe to repeat. */
  close(): Promise<void> {
    return this.http.close();
  }

  /** With the main account's credentials, which hold for its sub-accounts too: an order about a call comes without any. */
  private accountOf({ accountSid }: Pick<CallReference, 'accountSid'>): TwilioAccount {
    return new TwilioAccount(() => this.mainClient(accountSid, this.options.replyLimitMs ?? REPLY_LIMIT_MS));
  }

  private mainClient(accountSid: string, limitMs: number): twilio.Twilio {
    const credentials = { externalId: this.options.accountSid, secret: this.options.authToken };
    return this.clientOf(credentials, accountSid, AbortSignal.timeout(limitMs));
  }

  private clientOf(
    credentials: SubAccountCredentials,
    accountSid: string,
    signal: AbortSignal,
    hold?: (seconds: number) => void,
  ): twilio.Twilio {
    const httpClient = this.http.until(signal, hold);
    return new twilio.Twilio(credentials.externalId, credentials.secret, { accountSid, httpClient, autoRetry: false });
  }

  /**
   * @returns null where Twilio has not told the call's id, and has no call that the dial may have made
   * @throws also where it cannot be asked, or has several
   */
  private async referenceOf({ providerCallId, dialled }: ProviderCall): Promise<CallReference | null> {
    if (providerCallId !== null) return readReference(providerCallId);
    if (!dialled || !isAccountSid(dialled.subAccount)) {
      throw new StatusUnavailable('Twilio cannot be asked about a call of which neither its id nor its dial is known');
    }
    const { subAccount: accountSid, callerPhone, at } = dialled;
    const account = this.accountOf({ accountSid });
    const startedAfter = new Date(at.getTime() - LOOKED_BACK_MS);
    return callOfDial(dialled, accountSid, await account.callsTo(callerPhone, this.options.callerNumber, startedAfter));
  }
}
