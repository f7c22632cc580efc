import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type {
  CallMilestone,
  CallStatus,
  DialOutcome,
  DialRequest,
  HangUpOutcome,
  ProviderCall,
  TelephonyProvider,
  WebhookReading,
  WebhookRequest,
} from '../telephony-provider.js';
import { checkDelivery } from './delivery-check.js';
import { Exchange } from './exchange.js';
import { WebhookSender } from './webhook-sender.js';
import { MalformedBody, providerEventOf, readWireBody } from './wire-format.js';

export interface SimulatorOptions {
  /** How many times faster than life. */
  readonly speed: number;
  /** `whsec_…`; the first signs, all are accepted, so that a secret can be replaced. */
  readonly secrets: readonly [string, ...string[]];
  /** Where its webhooks go. */
  readonly target: () => string;
}

export const randomWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** A provider that rings no phones but is a legal one in every other way: scripts, a ledger, signed webhooks over HTTP. */
export class SimulatorProvider implements TelephonyProvider {
  readonly name = 'simulator';
  readonly exchange: Exchange;
  private readonly sender: WebhookSender;
  private readonly accepted: readonly Webhook[];
  private readonly closing = new AbortController();

  constructor({ speed, secrets, target }: SimulatorOptions) {
    const sender = new WebhookSender({ secret: secrets[0], target });
    this.sender = sender;
    this.accepted = secrets.map((secret) => new Webhook(secret));
    this.exchange = new Exchange({
      speed,
      tell: (event) => {
        sender.send(event);
      },
    });
  }

  async dial({ callSid, callerPhone, calleePhone }: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    const answer = await this.exchange.dial({ callSid, callerPhone, calleePhone });
    switch (answer.kind) {
      case 'accepted':
        return { kind: 'accepted', providerCallId: answer.callId };
      case 'refused':
        return answer;
      case 'server_error':
        throw new Error('the simulator answered the dial with 503');
      case 'no_reply':
        return this.neverReply(signal);
    }
  }

  async hangUp({ callSid }: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    return { kind: await this.exchange.hangUp({ callSid, ...(before && { before }) }) };
  }

  async fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const events = await this.exchange.statusOf(callSid);
    return events ? { kind: 'known', events: events.map(providerEventOf) } : { kind: 'unknown' };
  }

  async isReachable(): Promise<boolean> {
    return !this.closing.signal.aborted;
  }

  readWebhook(request: WebhookRequest): WebhookReading {
    const delivery = checkDelivery(this.accepted, request);
    if (delivery.kind === 'forged') return delivery;
    try {
      const event = readWireBody(request.body, delivery.eventId);
      return { kind: 'genuine', events: [event], receipt: delivery.receipt };
    } catch (error) {
      if (error instanceof MalformedBody) return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
      throw error;
    }
  }

  /** Ends all calls, all deliveries, and the dials that wait for a reply. Safe to repeat. */
  async close(): Promise<void> {
    this.closing.abort(new Error('the simulator is closed'));
    this.exchange.close();
    await this.sender.close();
  }

  private async neverReply(signal: AbortSignal): Promise<never> {
    if (!signal.aborted) await once(signal, 'abort', { signal: this.closing.signal });
    throw signal.reason;
  }
}
