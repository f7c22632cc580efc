import { once } from 'node:events';
import type { Logger } from '../../common/logger.js';
import type {
  CallMilestone,
  CallStatus,
  DialOutcome,
  DialRequest,
  HangUpOutcome,
  ProviderCall,
} from '../telephony-provider.js';
import type { CarrierClient } from './carrier-client.js';
import { SimulatedCarrier } from './simulated-carrier.js';
import type { CallLogEntry } from './call-log.js';
import { WebhookSender } from './webhook-sender.js';
import { providerEventOf } from './wire-format.js';

export interface InProcessCarrierOptions {
  /** The factor by which time runs faster. */
  readonly speed: number;
  /** `whsec_…`; signs its webhooks. */
  readonly secret: string;
  /** The URLs for its webhooks. */
  readonly targets: () => readonly string[];
  readonly logger: Logger;
}

/** A carrier in this process, which ends with it. Its silences and failures look as they would over a network. */
export class InProcessCarrierClient implements CarrierClient {
  private readonly carrier: SimulatedCarrier;
  private readonly sender: WebhookSender;
  private readonly closing = new AbortController();

  constructor({ speed, secret, targets, logger }: InProcessCarrierOptions) {
    const sender = new WebhookSender({ secret, targets, logger });
    this.sender = sender;
    this.carrier = new SimulatedCarrier({
      speed,
      emit: (event) => {
        sender.send(event);
      },
    });
  }

  async dial(
    { callSid, callerPhone, calleePhone, calleeExtension, hunt }: DialRequest,
    signal: AbortSignal,
  ): Promise<DialOutcome> {
    const answer = await this.carrier.dial({ callSid, callerPhone, calleePhone, calleeExtension, hunt });
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
    return { kind: await this.carrier.hangUp({ callSid, ...(before && { before }) }) };
  }

  async fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const events = await this.carrier.statusOf(callSid);
    return events ? { kind: 'known', events: events.map(providerEventOf) } : { kind: 'unknown' };
  }

  async checkReachable(): Promise<void> {
    this.closing.signal.throwIfAborted();
  }

  callLog(): Promise<readonly CallLogEntry[]> {
    return this.carrier.callLog();
  }

  /** Also ends all calls and deliveries. */
  async close(): Promise<void> {
    this.closing.abort(new Error('the simulator is closed'));
    this.carrier.close();
    await this.sender.close();
  }

  private async neverReply(signal: AbortSignal): Promise<never> {
    if (!signal.aborted) await once(signal, 'abort', { signal: this.closing.signal });
    throw signal.reason;
  }
}
