import { createHmac, timingSafeEqual } from 'node:crypto';
import { request, type Agent } from 'undici';
import { connectionsTo, NotReached } from '../../../src/telephony/provider-connections.js';
import {
  StatusUnavailable,
  type CallMilestone,
  type CallStatus,
  type DialOutcome,
  type DialRequest,
  type HangUpOutcome,
  type ProviderCall,
  type Refusal,
  type TelephonyProvider,
  type WebhookReading,
  type WebhookRequest,
} from '../../../src/telephony/telephony-provider.js';
import { CATEGORIES, eventOf, MalformedFact, readJson } from './bellhop-wire.js';

export interface BellhopOptions {
  readonly url: string;
  /** Signs its webhooks. */
  readonly secret: string;
}

const REPLY_LIMIT_MS = 5_000;

/** Bellhop, a telephone company that does not exist. docs/providers/write-a-provider.md walks through this file. */
export class BellhopProvider implements TelephonyProvider {
  readonly name = 'bellhop';
  private readonly agent: Agent = connectionsTo('Bellhop');

  constructor(private readonly options: BellhopOptions) {}

  async dial(
    { callSid, callerPhone, calleePhone, subAccount }: DialRequest,
    signal: AbortSignal,
  ): Promise<DialOutcome> {
    signal.throwIfAborted();
    try {
      const order = { reference: callSid, from: callerPhone, to: calleePhone };
      const { status, body } = await this.ask('POST', '/calls', subAccount.secret, signal, order);
      if (status === 201 && typeof body.id === 'string') return { kind: 'accepted', providerCallId: body.id };
      return { kind: 'refused', ...refusalIn(status, body) };
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', category: 'provider_down', code: 'BELLHOP-UNREACHED', text: error.message };
    }
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
    key = this.options.secret,
    signal = AbortSignal.timeout(REPLY_LIMIT_MS),
    order?: object,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const { statusCode, body } = await request(this.options.url + path, {
      method,
      signal,
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${key}` },
      ...(order && { body: JSON.stringify(order) }),
    });
    const text = await body.text();
    return { status: statusCode, body: text === '' ? {} : readJson(text) };
  }
}

/** @throws if the outcome is unknown: phones may be ringing */
const refusalIn = (status: number, { error, message }: Record<string, unknown>): Refusal => {
  if (typeof error !== 'string' || typeof message !== 'string' || status < 400 || status >= 500) {
    throw new Error(`Bellhop answered a dial with ${status}`);
  }
  return { category: CATEGORIES[error] ?? 'forbidden', code: error, text: message };
};

/** @throws StatusUnavailable if the call's id is unknown, because Bellhop finds calls only by their id */
const pathOf = ({ providerCallId }: ProviderCall): string => {
  if (providerCallId === null) throw new StatusUnavailable('Bellhop’s id of the call is not known');
  return `/calls/${encodeURIComponent(providerCallId)}`;
};
