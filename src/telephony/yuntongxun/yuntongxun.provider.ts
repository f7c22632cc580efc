import { isUtf8 } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import { storable } from '../../common/foreign-json.js';
import { growingTo } from '../../common/growing-cache.js';
import { NotReached } from '../provider-connections.js';
import { countDownOf } from './count-down.js';
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
import { callbackOrder, isSid } from './callback-order.js';
import { hasExtensions } from './national-number.js';
import { joinedLegs } from './cdr-legs.js';
import { MalformedWebhook, readNotification, type Notification } from './notification.js';
import { OWN_REFUSALS } from './own-refusals.js';
import type { Account } from './request-signature.js';
import { RestClient, type RestReply } from './rest-client.js';
import { outcomeOf } from './status-codes.js';
import { actionIn, faultAtDoor, isWebhookToken, webhookPath } from './webhook-auth.js';
import { readBody, UnreadableBody, writeXml } from './wire-body.js';
import { PRODUCTION_URL, type YuntongxunOptions } from './yuntongxun-options.js';
import { withinLimit } from '../../common/time-limit.js';

const REPLY_LIMIT_MS = 5_000;
/** Time limit of the health request. */
const REACHABLE_LIMIT_MS = 2_000;
/** More than the concurrent calls of a replica; some megabytes. */
const CALLS_REMEMBERED = 10_000;

/**
 * 容联云通讯 (Yuntongxun, cloopen.com), 双向回呼 of its REST API 2013-12-26. docs/providers/yuntongxun.md lists what is known
 * about it and what is not.
 */
export class YuntongxunProvider implements TelephonyProvider {
  readonly name = 'yuntongxun';
  readonly limitsTalk = true;
  /** Its limit is not public. */
  readonly asksPerSecond = 100;
  private readonly rest: RestClient;
  private readonly main: Account;
  private readonly cdrUrl: string | null;
  /**
   * The sub-accounts of the calls that this process has placed, by callSid. A hang-up order does not contain the
   * sub-account.
   */
  private readonly placedWith = new LRUCache<string, Account>(growingTo(CALLS_REMEMBERED));
  /** The callSids of the latest calls for which the platform has asked this process by CallAuth. */
  private readonly asked = new LRUCache<string, true>(growingTo(CALLS_REMEMBERED));

  constructor(private readonly options: YuntongxunOptions) {
    const { url = PRODUCTION_URL, accountSid, authToken, webhookToken, publicUrl, format = 'json' } = options;
    if (!isWebhookToken(webhookToken)) throw new Error('webhookToken: expected at least 22 letters, digits, - or _');
    if (!isSid(accountSid)) throw new Error('accountSid: expected only letters and digits');
    const { replyLimitMs = REPLY_LIMIT_MS, proxyFor } = options;
    this.rest = new RestClient({ url, format, replyLimitMs, proxyFor });
    this.main = { sid: accountSid, token: authToken };
    this.cdrUrl = publicUrl === undefined ? null : publicUrl.replace(/\/+$/, '') + webhookPath(webhookToken);
  }

  dialsExtension(calleePhone: string): boolean {
    return hasExtensions(calleePhone);
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    const order = callbackOrder(request, this.options, this.cdrUrl);
    if (order.kind === 'refused') return order;
    signal.throwIfAborted();
    const account = { sid: request.subAccount.externalId, token: request.subAccount.secret };
    this.placedWith.set(request.callSid, account);
    try {
      const body = { root: 'CallBack', fields: order.fields };
      const reply = await this.rest.ask({ of: 'SubAccounts', account, path: 'Calls/Callback', body, signal });
      return reply.isSuccess
        ? { kind: 'accepted', providerCallId: sidIn(reply, 'callsid') }
        : { kind: 'refused', ...refusalOf(reply) };
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', ...OWN_REFUSALS.unreached, text: error.message };
    }
  }

  /**
   * Never `gone` or `passed`. Yuntongxun's codes for "the call is over" and "too late for the condition" are not
   * public. So every refusal is reported as `refused`; the call is unchanged.
   */
  async hangUp({ callSid, providerCallId }: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    // Yuntongxun finds calls only by its own id. No request is sent, so the outcome is not unknown.
    if (providerCallId === null && this.asksFirst) {
      throw new StatusUnavailable('no order was sent: CallAuth, or the reply to the dial, brings the id of the call');
    }
    if (providerCallId === null) {
      const text = 'its id of the call is not known (yet), and it finds a call by nothing else';
      return { kind: 'refused', category: 'forbidden', code: 'RB-NO-CALL-ID', text };
    }
    const subAccount = this.placedWith.get(callSid);
    const reply = await this.rest.ask({
      // A call of another replica is canceled with the main account, as one client library does instead of the
      // sub-account.
      of: subAccount ? 'SubAccounts' : 'Accounts',
      account: subAccount ?? this.main,
      path: 'Calls/CallCancel',
      body: {
        root: 'CallCancel',
        fields: { appId: this.options.appId, callSid: providerCallId, type: CANCEL_TYPES[before ?? 'any'] },
      },
    });
    if (reply.isSuccess) return { kind: 'taken' };
    const refusal = refusalOf(reply);
    // A hang-up order contains no phone number, so none can be bad.
    return {
      kind: 'refused',
      ...refusal,
      category: refusal.category === 'bad_number' ? 'forbidden' : refusal.category,
    };
  }

  /**
   * With 应用鉴权 no phone rings before CallAuth, which brings the id of a call. So without it a call was not placed. If a CallAuth
   * comes later, its call is over, and the answer is no.
   * Otherwise it throws. CallResult does reply, but the meaning of its `state` and `callTime` for a callback is not
   * documented, nor its code for an unknown call. So nothing is derived from it; the error contains the reply, for
   * operators.
   */
  async fetchStatus({ callSid, providerCallId }: ProviderCall): Promise<CallStatus> {
    if (providerCallId === null && this.asksFirst && !this.asked.has(callSid)) return { kind: 'unknown' };
    if (providerCallId === null) {
      throw new StatusUnavailable('no status from Yuntongxun: it finds a call only by its own id, which is unknown');
    }
    const { code, text, fields } = await this.rest.ask({
      of: 'Accounts',
      account: this.main,
      path: 'CallResult',
      query: { callsid: providerCallId },
    });
    const [state, callTime] = [fields.get('state') ?? '', fields.get('calltime') ?? ''];
    throw new StatusUnavailable(
      `Yuntongxun’s status of the call cannot be interpreted: ${JSON.stringify({ code, text, state, callTime })}`,
    );
  }

  async checkReachable(): Promise<void> {
    const account = { of: 'Accounts', account: this.main, path: 'AccountInfo' } as const;
    const reply = await withinLimit(REACHABLE_LIMIT_MS, (signal) => this.rest.ask({ ...account, signal }));
    if (!reply.isSuccess) throw new Error(`Yuntongxun answered ${reply.code} ${storable(reply.text)}`);
  }

  readWebhook(request: WebhookRequest): WebhookReading {
    const { webhookToken, allowedAddresses = [] } = this.options;
    const fault = faultAtDoor(request, { webhookToken, allowedAddresses });
    if (fault !== null) return { kind: 'forged', reason: fault };
    try {
      const notification = readRequest(request);
      const { action, events } = notification;
      for (const { callSid } of action === 'CallAuth' ? events : []) this.asked.set(callSid ?? '', true);
      const reply = yes(notification, this.options);
      return {
        kind: 'genuine',
        events,
        receipt: null,
        reply: action === 'CallAuth' ? { ...reply, ifOver: NO } : reply,
      };
    } catch (error) {
      if (!(error instanceof MalformedWebhook || error instanceof UnreadableBody)) throw error;
      return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
    }
  }

  /**
   * The sub-account of that name: an existing or a new one. So it is safe to repeat, also after a lost reply. The code
   * for a name that is taken is not public, so the name is looked up after any refusal.
   * @param friendlyName 1 to 64 letters, digits and any of @ . - _; unique within the app
   * @throws if there is none, with the reason why none was created
   */
  async createSubAccount(friendlyName: string): Promise<SubAccountCredentials> {
    if (!/^[\w@.-]{1,64}$/.test(friendlyName))
      throw new Error('the name has characters that Yuntongxun does not accept');
    const created = await this.askForSubAccount('SubAccounts', friendlyName);
    if (created.isSuccess) return credentialsIn(created);
    const found = await this.askForSubAccount('QuerySubAccountByName', friendlyName);
    // A name that is not found may also be a success with an empty result.
    if (found.isSuccess && found.fields.has('subaccountsid')) return credentialsIn(found);
    throw new Error(`Yuntongxun created no sub-account: ${created.code} ${created.text}`);
  }

  close(): Promise<void> {
    return this.rest.close();
  }

  /** Whether the app has 应用鉴权. Known once the platform has asked this process. */
  private get asksFirst(): boolean {
    return this.asked.size > 0;
  }

  private askForSubAccount(path: string, friendlyName: string): Promise<RestReply> {
    const body = { root: 'SubAccount', fields: { appId: this.options.appId, friendlyName } };
    return this.rest.ask({ of: 'Accounts', account: this.main, path, body });
  }
}

/**
 * The platform decides in one step. It has no exact condition for `ringing`. "Before the caller has answered" is
 * stricter, because leg B is dialled only after that. A call in between goes on, which is the safe side.
 */
const CANCEL_TYPES: Readonly<Record<CallMilestone | 'any', string>> = { any: '0', answered: '1', ringing: '2' };

/** @throws if the platform failed: the outcome of the request is unknown */
const refusalOf = ({ code, text }: RestReply) => {
  const category = outcomeOf(code);
  if (category === 'unknown_outcome') throw new Error(`Yuntongxun failed: ${code} ${text}`);
  return { category, code, text: storable(text) };
};

const sidIn = ({ fields }: RestReply, name: string): string => {
  const sid = fields.get(name) ?? '';
  if (!isSid(sid)) throw new Error(`Yuntongxun reported success, but its ${name} is missing or not an id`);
  return sid;
};

const credentialsIn = (reply: RestReply): SubAccountCredentials => ({
  externalId: sidIn(reply, 'subaccountsid'),
  secret: sidIn(reply, 'subtoken'),
});

/** @throws MalformedWebhook UnreadableBody */
const readRequest = ({ body, target }: WebhookRequest): Notification => {
  // Yuntongxun documents UTF-8 for all that it sends. Other bytes would be stored as U+FFFD and be lost.
  if (!isUtf8(body)) throw new UnreadableBody('the body is not UTF-8');
  return readNotification(joinedLegs(readBody(body.toString('utf8'))), actionIn(target), new Date());
};

/** Any code but 0000 refuses the call. The platform ends it with the byetype -7, and no phone rings. */
const NO = writeXml('Response', { statuscode: '0001', statusmsg: 'The call is over' });

/** The reply must be XML, even to a JSON webhook. */
const yes = ({ action, terms }: Notification, usual: YuntongxunOptions) => {
  const record = terms?.record ?? usual.record ?? false;
  const maxCallSeconds = terms?.longestTalkSeconds ?? usual.maxCallSeconds;
  const warning = countDownOf(usual.talkWarningSeconds, maxCallSeconds);
  return {
    contentType: 'application/xml; charset=utf-8',
    body: writeXml('Response', {
      // As integrators' handlers reply: four digits for 应用鉴权, six for a CDR.
      statuscode: action === 'CDR' ? '000000' : '0000',
      statusmsg: 'Success',
      ...(action === 'CallAuth' && record && { record: '1' }),
      ...(action === 'CallAuth' && maxCallSeconds !== undefined && { sessiontime: String(maxCallSeconds) }),
      ...(action === 'CallAuth' && warning !== undefined && { countDownTime: String(warning) }),
    }),
  };
};
