import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type {
  CallStatus,
  DialOutcome,
  DialRequest,
  HangUpOutcome,
  ProviderCall,
  TelephonyProvider,
  WebhookReading,
  WebhookRequest,
} from '../telephony-provider.js';
import { Exchange } from './exchange.js';
import { WebhookSender } from './webhook-sender.js';
import { providerEventOf, readWireBody } from './wire-format.js';

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

  constructor({ speed, secrets, target }: SimulatorOptions) {
    this.accepted = secrets.map((secret) => new Webhook(secret));
    this.sender = new WebhookSender(secrets[0], target);
    this.exchange = new Exchange(speed, (event) => {
      this.sender.send(event);
    });
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    const answer = this.exchange.dial(request);
    switch (answer.kind) {
      case 'accepted':
        return { kind: 'accepted', providerCallId: answer.callId };
      case 'refused':
        return answer;
      case 'server_error':
        throw new Error('the simulator answered 503');
      case 'no_reply':
        if (!signal.aborted) await once(signal, 'abort');
        throw signal.reason;
    }
  }

  hangUp({ callSid }: ProviderCall): Promise<HangUpOutcome> {
    const answer = this.exchange.hangUp(callSid);
    return Promise.resolve({ kind: answer === 'taken' ? 'taken' : 'gone' });
  }

  fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const events = this.exchange.statusOf(callSid);
    return Promise.resolve(events ? { kind: 'known', events: events.map(providerEventOf) } : { kind: 'unknown' });
  }

  isReachable(): Promise<boolean> {
    return Promise.resolve(true);
  }

  readWebhook({ headers, body }: WebhookRequest): WebhookReading {
    if (!this.accepted.some((webhook) => isGenuine(webhook, headers, body))) {
      return { kind: 'forged', reason: 'The signature is missing, wrong, or older than five minutes.' };
    }
    try {
      const event = readWireBody(body, headers['webhook-id'] ?? '');
      const receipt = `${headers['webhook-timestamp']} ${headers['webhook-signature']}`;
      return { kind: 'genuine', events: [event], receipt };
    } catch (error) {
      return { kind: 'malformed', reason: `The body cannot be understood: ${(error as Error).message}.` };
    }
  }

  /** Ends all calls and all deliveries. */
  async close(): Promise<void> {
    this.exchange.close();
    await this.sender.close();
  }
}

const isGenuine = (webhook: Webhook, headers: Readonly<Record<string, string>>, body: Buffer): boolean => {
  try {
    webhook.verify(body, { ...headers }, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
};
