import { request, type Agent } from 'undici';
import { readJson, readList, readObject, readOneOf, readText } from '../../common/foreign-json.js';
import type { ProxyFor } from '../../common/proxy-rules.js';
import { traceHeaders } from '../../common/tracing.js';
import { connectionsTo, NotReached } from '../provider-connections.js';
import type {
  CallMilestone,
  CallStatus,
  DialOutcome,
  DialRequest,
  HangUpOutcome,
  ProviderCall,
} from '../telephony-provider.js';
import type { CarrierClient } from './carrier-client.js';
import type { CallLogEntry } from './call-log.js';
import { OWN_REFUSALS } from './own-refusals.js';
import { NO_SUCH_CALL, readRefusal, readWireStatus } from './wire-format.js';
import { withinLimit } from '../../common/time-limit.js';

export interface HttpCarrierClientOptions {
  /** The time limit of all requests but a dial, which is limited by its signal. Default: 5 s. */
  readonly replyLimitMs?: number;
  readonly proxyFor?: ProxyFor;
}

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const REPLY_LIMIT_MS = 5_000;
/** Enough for the call log of 50,000 calls, which tests read. */
const LONGEST_REPLY_BYTES = 32 * 1024 * 1024;
/** Time limit of the health request. */
const HEALTH_LIMIT_MS = 2_000;

/** A carrier in another process. */
export class HttpCarrierClient implements CarrierClient {
  private readonly url: string;
  private readonly replyLimitMs: number;
  private readonly agent: Agent;

  constructor(url: string, { replyLimitMs = REPLY_LIMIT_MS, proxyFor }: HttpCarrierClientOptions = {}) {
    this.url = url.replace(/\/$/, '');
    this.replyLimitMs = replyLimitMs;
    this.agent = connectionsTo('the simulator', { proxyFor, maxResponseSize: LONGEST_REPLY_BYTES });
  }

  async dial(
    { callSid, callerPhone, calleePhone, calleeExtension, hunt }: DialRequest,
    signal: AbortSignal,
  ): Promise<DialOutcome> {
    try {
      const order = { callSid, callerPhone, calleePhone, calleeExtension, hunt };
      const { status, body } = await this.exchange('POST', '/calls', [201, 422], signal, order);
      return status === 201
        ? { kind: 'accepted', providerCallId: readText('callId', body.callId) }
        : { kind: 'refused', ...readRefusal(body) };
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      return { kind: 'refused', ...OWN_REFUSALS.unreached, text: error.message };
    }
  }

  async hangUp({ callSid }: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    const { body } = await this.send('POST', `${pathOf(callSid)}/hang-up`, [200], { before });
    return { kind: readOneOf('answer', ['taken', 'gone', 'passed'], body.answer) };
  }

  async fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const { status, body } = await this.send('GET', pathOf(callSid), [200, 404]);
    if (status === 200) return { kind: 'known', events: readWireStatus(body) };
    readOneOf('code', [NO_SUCH_CALL], body.code);
    return { kind: 'unknown' };
  }

  async checkReachable(): Promise<void> {
    await withinLimit(HEALTH_LIMIT_MS, (signal) => this.exchange('GET', '/health', [200], signal));
  }

  async callLog(): Promise<readonly CallLogEntry[]> {
    const { body } = await this.send('GET', '/call-log', [200]);
    return readList('calls', body.calls) as readonly CallLogEntry[];
  }

  /** The calls go on. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private send(method: 'GET' | 'POST', path: string, expected: readonly number[], order?: object): Promise<Reply> {
    return withinLimit(this.replyLimitMs, (signal) => this.exchange(method, path, expected, signal, order));
  }

  /** @throws unless the reply has an expected status and is a JSON object */
  private async exchange(
    method: 'GET' | 'POST',
    path: string,
    expected: readonly number[],
    signal: AbortSignal,
    order?: object,
  ): Promise<Reply> {
    const { statusCode, body } = await request(this.url + path, {
      method,
      signal,
      dispatcher: this.agent,
      headers: { ...traceHeaders(), ...(order && { 'content-type': 'application/json' }) },
      ...(order && { body: JSON.stringify(order) }),
    });
    const text = await body.text();
    if (!expected.includes(statusCode)) throw new Error(`the simulator answered ${method} ${path} with ${statusCode}`);
    return { status: statusCode, body: readObject('the body', readJson(text)) };
  }
}

const pathOf = (callSid: string): string => `/calls/${encodeURIComponent(callSid)}`;
