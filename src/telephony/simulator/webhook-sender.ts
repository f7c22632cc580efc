/**
 * Delivers the exchange's events as a good provider does: signed (Standard Webhooks), one call's in order, again and again
 * until they are taken, for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { ExchangeEvent } from './exchange.js';
import { wireBodyOf } from './wire-format.js';

const REQUEST_LIMIT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** About five minutes in all. */
const ATTEMPTS = 65;
/** The receiver's word for a delivery that it has had before. */
const ALREADY_DELIVERED = 409;

export class WebhookSender {
  private readonly webhook: Webhook;
  private readonly agent = new Agent({ connections: 64, headersTimeout: REQUEST_LIMIT_MS, bodyTimeout: REQUEST_LIMIT_MS });
  private readonly closing = new AbortController();
  /** The last delivery of each call: the next one goes after it. */
  private readonly lastOf = new Map<string, Promise<void>>();

  /** @param target where to post to; asked at every attempt, because it may not be known before there is a call */
  constructor(
    secret: string,
    private readonly target: () => string,
  ) {
    this.webhook = new Webhook(secret);
  }

  send(event: ExchangeEvent): void {
    const { callSid } = event;
    const delivered = (this.lastOf.get(callSid) ?? Promise.resolve()).then(() => this.deliver(event));
    this.lastOf.set(callSid, delivered);
    void delivered.then(() => {
      if (this.lastOf.get(callSid) === delivered) this.lastOf.delete(callSid);
    });
  }

  /** Stops whatever is under way. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.lastOf.values());
    await this.agent.destroy();
  }

  private async deliver(event: ExchangeEvent): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.closing.signal.aborted; attempt++) {
      if (await this.post(event)) return;
      const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
      await sleep(delay, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private async post(event: ExchangeEvent): Promise<boolean> {
    const now = new Date();
    const body = wireBodyOf(event);
    try {
      const response = await request(this.target(), {
        method: 'POST',
        dispatcher: this.agent,
        signal: this.closing.signal,
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': event.id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': this.webhook.sign(event.id, now, body),
        },
      });
      await response.body.dump();
      return response.statusCode < 300 || response.statusCode === ALREADY_DELIVERED;
    } catch {
      return false;
    }
  }
}
