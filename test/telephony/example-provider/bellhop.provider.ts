import { createHmac, timingSafeEqual } from 'node:crypto';
import { request, type Agent } from 'undici';
import { retryAfterOf } from '../../../src/common/retry-after.js';
import { connectionsTo, NotReached } from '../../../src/telephony/provider-connections.js';
import { talkWarning } from '../../../src/telephony/talk-warning.js';
import type {
  CallMilestone,
  CallStatus,
  DialOutcome,
  DialRequest,
  DialTerms,
  HangUpOutcome,
  ProviderCall,
  Refusal,
  SubAccountCredentials,
  TelephonyProvider,
  WebhookReading,
  WebhookRequest,
} from '../../../src/telephony/telephony-provider.js';
import { CATEGORIES, eventOf, MalformedFact, readJson } from './bellhop-wire.js';

export interface BellhopOptions {
  readonly url: string;
  /** Signs its webhooks. */
  readonly secret: string;
  /** The key of our own account. */
  readonly key: string;
  /** What applies to a call that says nothing else. */
  readonly usual: DialTerms;
  /** Seconds before the longest talk at which both hear a tone. */
  readonly talkWarningSeconds?: number | undefined;
}

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfterMs: number;
}

const REPLY_LIMIT_MS = 5_000;

/** Bellhop, a telephone company that does not exist. docs/providers/write-a-provider.md walks through this file. */
export class BellhopProvider implements TelephonyProvider {
  readonly name = 'bellhop';
  readonly limitsTalk = true;
  readonly asksPerSecond = 50;
  readonly defaultAccount: SubAccountCredentials;
  private readonly agent: Agent = connectionsTo('Bellhop');

  constructor(private readonly options: BellhopOptions) {
    this.defaultAccount = { externalId: 'own', secret: options.key };
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    try {
      const order = this.orderOf(request);
      const { status, body, retryAfterMs } = await this.ask('POST', '/calls', request.subAccount.secret, signal, order);
      if (status === 201 && typeof body.id === 'string') return { kind: 'accepted', providerCallId: body.id };
      return { kind: 'refused', ...refusalIn(status, body), ...(retryAfterMs > 0 && { retryAfterMs }) };
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', category: 'provider_down', code: 'BELLHOP-UNREACHED', text: error.message };
    }
  }

  private orderOf({ callSid, callerPhone, calleePhone, terms }: DialRequest): object {
    const plan = { ...this.options.usual, ...terms };
    return {
      reference: callSid,
      from: callerPhone,
      to: calleePhone,
      ring: { from: plan.ringCallerSeconds, to: plan.ringCalleeSeconds },
      shows: { from: plan.shownToCaller, to: plan.shownToCallee },
      limit: plan.longestTalkSeconds,
      tone: talkWarning(this.options.talkWarningSeconds, plan.longestTalkSeconds),
      record: plan.record,
    };
  }

  async hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    if (before) {
      const text = 'Bellhop cannot hang up on condition';
      return { kind: 'refused', category: 'forbidden', code: 'BELLHOP-UNCONDITIONAL', text };
    }
    const { status, body } = await this.ask('DELETE', pathOf(call));
    if (status === 204) return { kind: 'taken' };
    if (body.error === 'no_such_call') return { kind: 'gone' };
    throw new Error(`Bellhop answered a hang-up with ${status}`);
  }

  async fetchStatus(call: ProviderCall): Promise<CallStatus> {
    const { status, body } = await this.ask('GET', pathOf(call));
    if (body.error === 'no_such_call') return { kind: 'unknown' };
    if (status !== 200 || !Array.isArray(body.facts)) throw new Error(`Bellhop answered a question with ${status}`);
    return { kind: 'known', events: body.facts.map(eventOf) };
  }

  async checkReachable(): Promise<void> {
    const { status } = await this.ask('GET', '/ping');
    if (status !== 200) throw new Error(`Bellhop answered a ping with ${status}`);
  }

  readWebhook({ headers, body }: WebhookRequest): WebhookReading {
    const expected = createHmac('sha256', this.options.secret).update(body).digest();
    const given = Buffer.from(headers['bellhop-signature'] ?? '', 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return { kind: 'forged', reason: 'The bellhop-signature is none of Bellhop’s.' };
    }
    try {
      // Bellhop signs a retry in the same way, so nothing identifies a single delivery.
      return { kind: 'genuine', events: [eventOf(readJson(body.toString('utf8')))], receipt: null };
    } catch (error) {
      if (error instanceof MalformedFact) return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
      throw error;
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    key = this.options.key,
    signal = AbortSignal.timeout(REPLY_LIMIT_MS),
    order?: object,
  ): Promise<Reply> {
    const { statusCode, headers, body } = await request(this.options.url + path, {
      method,
      signal,
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${key}` },
      ...(order && { body: JSON.stringify(order) }),
    });
    const text = await body.text();
    const retryAfterSeconds = retryAfterOf(statusCode, [headers['retry-after']].flat()[0], new Date());
    return {
      status: statusCode,
      body: text === '' ? {} : readJson(text),
      retryAfterMs: retryAfterSeconds * 1_000,
    };
  }
}

/** @throws if the outcome is unknown: phones may be ringing */
const refusalIn = (status: number, { error, message }: Record<string, unknown>): Refusal => {
  if (typeof error !== 'string' || typeof message !== 'string' || status < 400 || status >= 500) {
    throw new Error(`Bellhop answered a dial with ${status}`);
  }
  return { category: CATEGORIES[error] ?? 'forbidden', code: error, text: message };
};

/** Bellhop finds a call by its own id, and by the reference that the dial has given it: our callSid. */
const pathOf = ({ providerCallId, callSid }: ProviderCall): string =>
  providerCallId === null ? `/references/${callSid}` : `/calls/${encodeURIComponent(providerCallId)}`;
