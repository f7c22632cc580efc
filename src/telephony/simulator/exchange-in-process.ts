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
import type { ExchangeLine } from './exchange-line.js';
import { Exchange } from './exchange.js';
import type { LedgerEntry } from './ledger.js';
import { WebhookSender } from './webhook-sender.js';
import { providerEventOf } from './wire-format.js';

export interface ExchangeInProcessOptions {
  /** The factor by which time runs faster. */
  readonly speed: number;
  /** `whsec_…`; signs its webhooks. */
  readonly secret: string;
  /** The URLs for its webhooks. */
  readonly targets: () => readonly string[];
  readonly logger: Logger;
}

/** An exchange in this process, which ends with it. Its silences and failures look as they would over a network. */
export class ExchangeInProcess implements ExchangeLine {
  private readonly exchange: Exchange;
  private readonly sender: WebhookSender;
  private readonly closing = new AbortController();

  constructor({ speed, secret, targets, logger }: ExchangeInProcessOptions) {
    const sender = new WebhookSender({ secret, targets, logger });
    this.sender = sender;
    this.exchange = new Exchange({
      speed,
      tell: (event) => {
        sender.send(event);
      },
    });
  }

  async dial({ callSid, callerPhone, calleePhone }: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
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

  async checkReachable(): Promise<void> {
    this.closing.signal.throwIfAborted();
  }

  ledger(): Promise<readonly LedgerEntry[]> {
    return this.exchange.ledger();
  }

  /** Also ends all calls and deliveries. */
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
