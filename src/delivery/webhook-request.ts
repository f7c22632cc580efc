/**
 * One attempt: a signed POST (Standard Webhooks), and what came of it. By Node's own client: undici closes the connection when
 * a server sends `100 Continue` unasked, as some do for every POST (RFC 9110 §15.2.1 has a client ignore it).
 */
import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { request as requestByHttp, type IncomingMessage } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { ATTEMPT_LIMIT_MS, RESPONSE_LENGTH } from './delivery-limits.js';
import { GuardedConnections } from './guarded-connections.js';
import { retryAfterOf } from '../common/retry-after.js';

export interface WebhookToSend {
  readonly url: string;
  /** Each of them signs. */
  readonly secrets: readonly string[];
  /** The same at every attempt: what the receiver knows a repeat by. */
  readonly id: string;
  readonly body: string;
}

export interface Answer {
  readonly durationMs: number;
  /** Null where there was no answer. */
  readonly status: number | null;
  /** Null where it was delivered. */
  readonly error: string | null;
  readonly response: string | null;
  /** For how long the receiver wants to be left alone; 0 where it does not say. */
  readonly retryAfterSeconds: number;
}

@Injectable()
export class WebhookRequest {
  constructor(private readonly connections: GuardedConnections) {}

  /** Never throws: what goes wrong is the answer. */
  async send(webhook: WebhookToSend, stop: AbortSignal, limitMs = ATTEMPT_LIMIT_MS): Promise<Answer> {
    const begin = performance.now();
    const end = new AbortController();
    const onStop = (): void => {
      end.abort(new Error('The process stopped during the attempt.'));
    };
    const timer = setTimeout(() => {
      end.abort(new Error(`It did not answer within ${limitMs / 1000} s.`));
    }, limitMs);
    // One for each attempt under way.
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
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      end.abort();
    }
  }

  /** Rejects when the signal is aborted, also while a name is looked up, which cannot be stopped. */
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
          if (informational > MOST_INFORMATIONAL) request.destroy(new Error(TOO_MUCH_INFORMATION));
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

/** Responses of class 1xx before the one that counts. A server that sends them without end keeps a core busy. */
const MOST_INFORMATIONAL = 10;

/** For what only an administrator reads: the status has come. */
const BODY_LIMIT_MS = 1_000;

const TOO_MUCH_INFORMATION = `It sent more than ${MOST_INFORMATIONAL} informational responses (1xx).`;

const since = (begin: number): number => Math.round(performance.now() - begin);

const headersOf = (webhook: WebhookToSend): Record<string, string | number> => ({
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(webhook.body),
  'user-agent': 'Ringback',
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

/** An answer whose body breaks off, drips or never ends has been given all the same. */
const beginningOf = async (body: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), BODY_LIMIT_MS);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      // A character has four bytes at most. Leaving the loop closes the connection.
      if (bytes >= RESPONSE_LENGTH * 4) break;
    }
  } catch {
    // As above.
  } finally {
    clearTimeout(timer);
  }
  // PostgreSQL stores no NUL.
  return Buffer.concat(chunks).toString('utf8').replaceAll('\0', '').slice(0, RESPONSE_LENGTH);
};

const wordsFor = (error: unknown): string => {
  const { name, message, code } = error as NodeJS.ErrnoException;
  // Of several addresses that all fail, Node tells the code alone.
  return message || code || name;
};
