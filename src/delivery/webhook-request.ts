/**
 * One attempt: a signed POST (Standard Webhooks) and its result. Uses Node's own client, because undici closes the
 * connection when a server sends an unrequested `100 Continue`. Some servers do so for every POST, and RFC 9110 §15.2.1
 * requires a client to ignore it.
 */
import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { request as requestByHttp, type IncomingMessage } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { ATTEMPT_LIMIT_MS, RESPONSE_LENGTH } from './delivery-limits.js';
import { GuardedConnections } from './guarded-connections.js';
import { retryAfterOf } from '../common/retry-after.js';
import { traceHeaders } from '../common/tracing.js';
import { startLimit } from '../common/time-limit.js';

export interface WebhookToSend {
  readonly url: string;
  /** The request has a signature for each secret. */
  readonly secrets: readonly string[];
  /** The same for every attempt, so that the receiver can recognise a repeat. */
  readonly id: string;
  readonly body: string;
}

export interface Answer {
  readonly durationMs: number;
  /** Null without a response. */
  readonly status: number | null;
  /** Null if it was delivered. */
  readonly error: string | null;
  readonly response: string | null;
  /** The Retry-After of the response; 0 without one. */
  readonly retryAfterSeconds: number;
}

@Injectable()
export class WebhookRequest {
  constructor(private readonly connections: GuardedConnections) {}

  /** Never throws: an error is part of the result. */
  async send(webhook: WebhookToSend, stop: AbortSignal, limitMs = ATTEMPT_LIMIT_MS): Promise<Answer> {
    const begin = performance.now();
    const end = new AbortController();
    const onStop = (): void => {
      end.abort(new Error('The process stopped during the attempt.'));
    };
    const endLimit = startLimit(limitMs, () => {
      end.abort(new Error(`It did not answer within ${limitMs / 1000} s.`));
    });
    // Each attempt in flight adds a listener.
    setMaxListeners(0, stop);
    stop.addEventListener('abort', onStop);
    if (stop.aborted) onStop();
    try {
      const answer = await this.post(webhook, end.signal);
      const status = answer.statusCode ?? 0;
      const response = await beginningOf(answer);
      const retryAfterSeconds = retryAfterOf(status, answer.headers['retry-after'], new Date());
      return { durationMs: since(begin), status, error: faultOf(status), response, retryAfterSeconds };
    } catch (error) {
      const reason = end.signal.aborted ? (end.signal.reason as Error).message : wordsFor(error);
      return { durationMs: since(begin), status: null, error: reason, response: null, retryAfterSeconds: 0 };
    } finally {
      endLimit();
      stop.removeEventListener('abort', onStop);
      end.abort();
    }
  }

  /** Rejects when the signal aborts, even during a name lookup, which cannot be stopped. */
  private post(webhook: WebhookToSend, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp);
      if (signal.aborted) giveUp();
      const url = new URL(webhook.url);
      const sending = this.connections.to(url).then((connection) => {
        const ask = url.protocol === 'https:' ? requestByHttps : requestByHttp;
        const request = ask(url, { method: 'POST', signal, headers: headersOf(webhook), ...connection });
        let informational = 0;
        request.on('information', () => {
          informational += 1;
          if (informational > MAX_INFORMATIONAL) request.destroy(new Error(TOO_MUCH_INFORMATION));
        });
        request.on('upgrade', (_response, socket) => {
          socket.destroy();
          reject(new Error('It switched protocols.'));
        });
        request.on('response', resolve);
        request.on('error', reject);
        request.end(webhook.body);
      });
      sending.catch(reject);
    });
  }
}

/** 1xx responses before the final one. A server that sends them without end would occupy a core. */
const MAX_INFORMATIONAL = 10;

/** Short, because the status has arrived and only administrators read the body. */
const BODY_LIMIT_MS = 1_000;

const TOO_MUCH_INFORMATION = `It sent more than ${MAX_INFORMATIONAL} informational responses (1xx).`;

const since = (begin: number): number => Math.round(performance.now() - begin);

const headersOf = (webhook: WebhookToSend): Record<string, string | number> => ({
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(webhook.body),
  'user-agent': 'Ringback',
  ...traceHeaders(),
  ...signed(webhook, new Date()),
});

const signed = ({ id, body, secrets }: WebhookToSend, now: Date): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
});

const faultOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400
    ? `It answered ${status}; redirects are not followed.`
    : `It answered ${status}.`;
};

/** A response with a truncated, slow or endless body still counts. */
const beginningOf = async (body: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const endLimit = startLimit(BODY_LIMIT_MS, () => body.destroy());
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      // A character has at most four bytes. Leaving the loop closes the connection.
      if (bytes >= RESPONSE_LENGTH * 4) break;
    }
  } catch {
    // As above.
  } finally {
    endLimit();
  }
  // PostgreSQL stores no NUL.
  return Buffer.concat(chunks).toString('utf8').replaceAll('\0', '').slice(0, RESPONSE_LENGTH);
};

const wordsFor = (error: unknown): string => {
  const { name, message, code } = error as NodeJS.ErrnoException;
  // If several addresses fail, Node's error has only a code.
  return message || code || name;
};
