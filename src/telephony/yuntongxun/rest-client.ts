import { request, type Agent } from 'undici';
import type { ProxyFor } from '../../common/proxy-rules.js';
import { traceHeaders } from '../../common/tracing.js';
import { connectionsTo } from '../provider-connections.js';
import { signRequest, type Account } from './request-signature.js';
import { readFields, UnreadableBody, writeBody, type WireFields, type WireFormat } from './wire-body.js';
import { withinLimit } from '../../common/time-limit.js';

export interface RestRequest {
  /** The kind of account whose sid starts the path. */
  readonly of: 'Accounts' | 'SubAccounts';
  readonly account: Account;
  /** The path after the sid. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent by POST. Without a body the request is a GET. */
  readonly body?: { readonly root: string; readonly fields: Readonly<Record<string, string>> };
  /** Default: the client's own time limit. */
  readonly signal?: AbortSignal;
}

export interface RestReply {
  readonly isSuccess: boolean;
  readonly code: string;
  readonly text: string;
  readonly fields: WireFields;
}

export interface RestClientOptions {
  readonly url: string;
  readonly format: WireFormat;
  readonly replyLimitMs: number;
  readonly proxyFor?: ProxyFor | undefined;
}

const VERSION = '2013-12-26';
/** A hundred times the size of any of its replies. */
const LONGEST_REPLY_BYTES = 64 * 1024;

/**
 * Yuntongxun's REST API 2013-12-26. Only the status code in the body says whether a request succeeded. As in the
 * vendor's own clients, the HTTP status is ignored.
 */
export class RestClient {
  private readonly url: string;
  private readonly agent: Agent;

  constructor(private readonly options: RestClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.agent = connectionsTo('Yuntongxun', { proxyFor: options.proxyFor, maxResponseSize: LONGEST_REPLY_BYTES });
  }

  /** @throws NotReached if nothing was sent; any other error if the outcome is unknown */
  async ask(asked: RestRequest): Promise<RestReply> {
    const { signal } = asked;
    if (signal) return this.exchange(asked, signal);
    return withinLimit(this.options.replyLimitMs, (limit) => this.exchange(asked, limit));
  }

  private async exchange({ of, account, path, query, body }: RestRequest, signal: AbortSignal): Promise<RestReply> {
    const { format } = this.options;
    const { sig, authorization } = signRequest(account, new Date());
    const search = new URLSearchParams({ sig, ...query });
    const url = `${this.url}/${VERSION}/${of}/${account.sid}/${path}?${search.toString()}`;
    const response = await request(url, {
      method: body ? 'POST' : 'GET',
      signal,
      dispatcher: this.agent,
      headers: {
        accept: `application/${format}`,
        'content-type': `application/${format};charset=utf-8`,
        authorization,
        ...traceHeaders(),
      },
      ...(body && { body: writeBody(format, body.root, body.fields) }),
    });
    return readReply(`${path} (HTTP ${response.statusCode})`, await response.body.text());
  }

  /** Aborts requests that wait for a reply. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

const readReply = (what: string, text: string): RestReply => {
  let fields: WireFields;
  try {
    fields = readFields(text);
  } catch (error) {
    throw new Error(`Yuntongxun’s reply to ${what} cannot be read`, { cause: error });
  }
  const code = fields.get('statuscode') ?? '';
  if (!/^\d{1,10}$/.test(code)) throw new UnreadableBody(`Yuntongxun’s reply to ${what} has no status code`);
  return { isSuccess: /^0+$/.test(code), code, text: fields.get('statusmsg') ?? '', fields };
};
