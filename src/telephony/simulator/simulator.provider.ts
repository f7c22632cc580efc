import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { UnexpectedShape } from '../../common/foreign-json.js';
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
import type { CarrierClient } from './carrier-client.js';
import { readWireBody } from './wire-format.js';

export const randomWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/**
 * A provider that rings no phones, but fulfils the whole provider contract: scripts, a call log, signed webhooks over
 * HTTP.
 */
export class SimulatorProvider implements TelephonyProvider {
  readonly name = 'simulator';
  readonly hunts = true;
  readonly defaultAccount = { externalId: 'default', secret: '' };
  private readonly accepted: readonly Webhook[];

  /** @param secrets `whsec_…`; webhooks signed by any of them are accepted, so that a secret can be replaced */
  constructor(
    readonly carrier: CarrierClient,
    secrets: readonly string[],
  ) {
    this.accepted = secrets.map((secret) => new Webhook(secret));
  }

  dialsExtension(): boolean {
    return true;
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    return this.carrier.dial(request, signal);
  }

  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    return this.carrier.hangUp(call, before);
  }

  fetchStatus(call: ProviderCall): Promise<CallStatus> {
    return this.carrier.fetchStatus(call);
  }

  checkReachable(): Promise<void> {
    return this.carrier.checkReachable();
  }

  readWebhook(request: WebhookRequest): WebhookReading {
    const delivery = checkDelivery(this.accepted, request);
    if (delivery.kind === 'forged') return delivery;
    try {
      const event = readWireBody(request.body, delivery.eventId);
      return { kind: 'genuine', events: [event], receipt: delivery.receipt };
    } catch (error) {
      if (error instanceof UnexpectedShape) return { kind: 'malformed', reason: `Not understood: ${error.message}.` };
      throw error;
    }
  }

  /** Safe to repeat. */
  close(): Promise<void> {
    return this.carrier.close();
  }
}
