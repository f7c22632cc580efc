import type { Duplex } from 'node:stream';
import { request, type Agent } from 'undici';
import { readJson, readObject, storable } from '../../common/foreign-json.js';
import { hostOf } from '../../common/origin.js';
import { tunnelTo } from '../../common/proxied-connector.js';
import { NO_PROXIES, type ProxyFor } from '../../common/proxy-rules.js';
import { traceHeaders } from '../../common/tracing.js';
import { secured } from '../../common/tunnel.js';
import { connectionsTo } from '../provider-connections.js';
import { withinLimit } from '../../common/time-limit.js';

export interface AriCredentials {
  /** The URL of Asterisk's HTTP server, without `/ari`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly proxyFor?: ProxyFor;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface AriRequest {
  readonly body?: object;
  /** Default: the client's own time limit. */
  readonly signal?: AbortSignal;
}

export interface AriReply {
  readonly status: number;
  /** Asterisk's own message, for people; may be empty. */
  readonly message: string;
}

/**
 * Asterisk silently drops connections above its session_limit, 100 by default. This number leaves room for two more
 * replicas and for their event sockets.
 */
const MAX_CONNECTIONS = 24;
const REPLY_LIMIT_MS = 5_000;

/** The part of Asterisk's REST interface that is used here. */
export class AriClient {
  readonly authorization: string;
  private readonly url: string;
  private readonly agent: Agent;
  private readonly proxyFor: ProxyFor;

  constructor({ url, username, password, proxyFor = NO_PROXIES }: AriCredentials) {
    this.proxyFor = proxyFor;
    this.url = `${url.replace(/\/$/, '')}/ari`;
    this.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.agent = connectionsTo('Asterisk', { proxyFor, connections: MAX_CONNECTIONS });
  }

  /** @param path below /ari, with its query */
  send(method: Method, path: string, { body, signal }: AriRequest = {}): Promise<AriReply> {
    if (signal) return this.exchange(method, path, body, signal);
    return withinLimit(REPLY_LIMIT_MS, (limit) => this.exchange(method, path, body, limit));
  }

  private async exchange(
    method: Method,
    path: string,
    body: AriRequest['body'],
    signal: AbortSignal,
  ): Promise<AriReply> {
    const { statusCode, body: reply } = await request(this.url + path, {
      method,
      signal,
      dispatcher: this.agent,
      headers: {
        authorization: this.authorization,
        ...traceHeaders(),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: statusCode, message: messageIn(await reply.text()) };
  }

  /**
   * The URL of the event socket for all events. The application name is unique: of two sockets with one name, only one
   * receives events.
   */
  eventsUrl(application: string): string {
    return `${this.url.replace(/^http/, 'ws')}/events?app=${encodeURIComponent(application)}&subscribeAll=true`;
  }

  /** Undefined without a proxy. */
  async tunnelTo(url: string): Promise<Duplex | undefined> {
    const origin = new URL(url);
    const socket = await tunnelTo(origin, this.proxyFor, REPLY_LIMIT_MS);
    if (!socket) return undefined;
    return origin.protocol === 'wss:' ? secured(socket, hostOf(origin)) : socket;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** Usually {"message": …}; {"error": …} if a channel could not be made; an HTML page while Asterisk boots. */
const messageIn = (text: string): string => {
  try {
    const { message, error } = readObject('the reply', readJson(text));
    return storable(message ?? error);
  } catch {
    return '';
  }
};
