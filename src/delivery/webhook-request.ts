/** One attempt: a signed POST (Standard Webhooks), and what came of it. */
import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { request, type Dispatcher } from 'undici';
import { ATTEMPT_LIMIT_MS, RESPONSE_LENGTH } from './delivery-limits.js';
import { GuardedConnections } from './guarded-connections.js';

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
}

@Injectable()
export class WebhookRequest {
  constructor(private readonly connections: GuardedConnections) {}

  /** Never throws: what goes wrong is the answer. */
  async send(webhook: WebhookToSend, stop: AbortSignal, limitMs = ATTEMPT_LIMIT_MS): Promise<Answer> {
    const begin = performance.now();
    const limit = AbortSignal.timeout(limitMs);
    try {
      const { statusCode, body } = await request(webhook.url, {
        method: 'POST',
        dispatcher: this.connections.agent,
        headers: { 'content-type': 'application/json', 'user-agent': 'Ringback', ...signed(webhook, new Date()) },
        body: webhook.body,
        signal: AbortSignal.any([stop, limit]),
      });
      const response = await beginningOf(body);
      return { durationMs: since(begin), status: statusCode, error: faultOf(statusCode), response };
    } catch (error) {
      return { durationMs: since(begin), status: null, error: wordsFor(error, limit, limitMs), response: null };
    }
  }
}

const since = (begin: number): number => Math.round(performance.now() - begin);

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

/** An answer whose body breaks off, or never ends, has been given all the same. */
const beginningOf = async (body: Dispatcher.ResponseData['body']): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      // A character has four bytes at most. Leaving the loop closes the connection.
      if (bytes >= RESPONSE_LENGTH * 4) break;
    }
  } catch {
    // As above.
  }
  // PostgreSQL stores no NUL.
  return Buffer.concat(chunks).toString('utf8').replaceAll('\0', '').slice(0, RESPONSE_LENGTH);
};

const wordsFor = (error: unknown, limit: AbortSignal, limitMs: number): string => {
  if (limit.aborted) return `It did not answer within ${limitMs / 1000} s.`;
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return 'The process stopped during the attempt.';
  // Of several addresses that all fail, Node tells the code alone.
  return message || code || name;
};
