/**
 * Delivers the carrier's events as a good provider does: signed (Standard Webhooks), in order per call, and with
 * retries for a limited time.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { Logger } from '../../common/logger.js';
import type { CarrierEvent } from './call-log.js';
import { wireBodyOf } from './wire-format.js';
import { withinLimit } from '../../common/time-limit.js';

export interface WebhookSenderOptions {
  /** `whsec_…` */
  readonly secret: string;
  /**
   * The target URLs. If one does not accept, the next is tried. Evaluated at every attempt, because a target may not be
   * known before the first call.
   */
  readonly targets: () => readonly string[];
  readonly logger: Logger;
  /** How long an event is retried, counted from `send`. Default: ten minutes. */
  readonly giveUpAfterMs?: number;
  /** The time limit of an attempt, including the wait for a connection. Default: five seconds. */
  readonly attemptLimitMs?: number;
}

/** Longer than a restart of the receiver after a crash, shorter than the time for which an event is of use. */
const GIVE_UP_AFTER_MS = 10 * 60_000;
const ATTEMPT_LIMIT_MS = 5_000;
/** Short, so that a lost packet causes no visible delay. */
const FIRST_RETRY_MS = 50;
/** The maximum delay of an event once the receiver works again. */
const LONGEST_RETRY_MS = 5_000;
/** The receiver's status for a delivery that it already has. */
const ALREADY_DELIVERED = 409;
/** So many slow deliveries delay no others. */
const CONNECTIONS = 64;

export class WebhookSender {
  private readonly webhook: Webhook;
  private readonly targets: () => readonly string[];
  private readonly giveUpAfterMs: number;
  private readonly attemptLimitMs: number;
  private readonly logger: Logger;
  private readonly agent = new Agent({ connections: CONNECTIONS });
  private readonly closing = new AbortController();
  /** The target that accepted the last delivery is tried first, so that a failed target does not delay every event. */
  private lastTaker = '';
  private isFailing = false;
  /** The last delivery of each call. The next one waits for it. */
  private readonly lastOf = new Map<string, Promise<void>>();

  constructor(options: WebhookSenderOptions) {
    const { secret, targets, logger, giveUpAfterMs = GIVE_UP_AFTER_MS, attemptLimitMs = ATTEMPT_LIMIT_MS } = options;
    // Each waiting delivery adds a listener; the default warning is meant for leaks.
    setMaxListeners(0, this.closing.signal);
    this.webhook = new Webhook(secret);
    this.targets = targets;
    this.logger = logger;
    this.giveUpAfterMs = giveUpAfterMs;
    this.attemptLimitMs = attemptLimitMs;
  }

  send(event: CarrierEvent): void {
    const { callSid } = event;
    const deadline = performance.now() + this.giveUpAfterMs;
    const delivered = (this.lastOf.get(callSid) ?? Promise.resolve()).then(() => this.deliver(event, deadline));
    this.lastOf.set(callSid, delivered);
    void delivered.then(() => {
      if (this.lastOf.get(callSid) === delivered) this.lastOf.delete(callSid);
    });
  }

  /** Aborts all deliveries in flight. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.agent.destroy();
    await Promise.all(this.lastOf.values());
  }

  /** An event whose deadline passed while it waited for the one before is still tried once. */
  private async deliver(event: CarrierEvent, deadline: number): Promise<void> {
    const { signal } = this.closing;
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)) {
      if (await this.isTaken(event)) return;
      if (performance.now() + retryMs > deadline) return;
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async isTaken(event: CarrierEvent): Promise<boolean> {
    const { lastTaker } = this;
    const inOrder = this.targets().toSorted((one, other) => Number(other === lastTaker) - Number(one === lastTaker));
    let fault: unknown;
    for (const target of inOrder) {
      if (this.closing.signal.aborted) return false;
      fault = await this.faultOf(target, event);
      if (fault === null) {
        this.lastTaker = target;
        break;
      }
    }
    // There is no target until the receiver listens.
    if (fault !== undefined && !this.closing.signal.aborted) this.log(fault);
    return fault === null;
  }

  /** Logs changes only, because an event is tried many times. */
  private log(fault: unknown): void {
    if (fault !== null && !this.isFailing) this.logger.warn({ error: fault }, 'webhooks of the simulator are refused');
    if (fault === null && this.isFailing) this.logger.info('webhooks of the simulator are accepted again');
    this.isFailing = fault !== null;
  }

  /** Null if it was accepted. */
  private async faultOf(target: string, event: CarrierEvent): Promise<unknown> {
    try {
      return await withinLimit(this.attemptLimitMs, (signal) => this.attempt(target, event, signal));
    } catch (error) {
      return error ?? new Error('no reason given');
    }
  }

  private async attempt(target: string, event: CarrierEvent, signal: AbortSignal): Promise<Error | null> {
    const now = new Date();
    const body = wireBodyOf(event, randomUUID());
    const response = await request(target, {
      method: 'POST',
      dispatcher: this.agent,
      signal,
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': event.id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': this.webhook.sign(event.id, now, body),
      },
    });
    await response.body.dump();
    const { statusCode } = response;
    if (statusCode < 300 || statusCode === ALREADY_DELIVERED) return null;
    return new Error(`${new URL(target).host} answered ${statusCode}`);
  }
}
