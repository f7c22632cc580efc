/** Applies every event of a call to its record, from a provider or from Ringback itself, and publishes the change. */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { logAboutCall } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { inSpan, outsideTraces, SpanKind } from '../common/tracing.js';
import { preparedStatement } from '../postgres/prepared-statement.js';
import { ProviderRegistry } from '../telephony/provider-registry.js';
import type { ProviderEvent } from '../telephony/telephony-provider.js';
import {
  applyCallEvent,
  RINGBACK,
  type Application,
  type Applied,
  type EventToApply,
} from './record/apply-call-event.js';
import { inTraceOfCall } from './record/call-trace.js';
import type { CallEventType, StateType } from './record/call-lifecycle.js';
import { longestStays } from './record/call-limits.js';
import { orderHangUp } from './cancel/order-hang-up.js';
import { countEnd } from './end-metrics.js';
import { ChangeFeed } from './updates/change-feed.js';
import { openCall, type CallToOpen, type OpenCall } from './record/open-call.js';

const findByProviderCallId = preparedStatement<{ callSid: string }>(
  'call-by-provider-call-id',
  'select call_sid as "callSid" from call_records where provider = $1 and provider_call_id = $2 and state < 4',
);

const stateNow = preparedStatement<{ state: StateType }>(
  'state-now',
  'select state from call_records where call_sid = $1',
);

const carried = preparedStatement(
  'call-carried',
  'select from call_records where call_sid = $1 and provider = $2 and state < 4',
);

@Injectable()
export class CallRecorder {
  constructor(
    private readonly database: DataSource,
    private readonly feed: ChangeFeed,
    private readonly providers: ProviderRegistry,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Creates the record, or finds the caller's open call. */
  async open(call: CallToOpen): Promise<OpenCall> {
    const open = await openCall(this.database, call);
    this.publish(open);
    return open;
  }

  /** Applies an event of a provider. @param via how the provider told it; undefined if it was asked */
  async apply(
    provider: string,
    event: ProviderEvent,
    receipt: string | null = null,
    via?: 'webhook' | 'stream',
  ): Promise<Applied> {
    const callSid = event.callSid ?? (await this.openCallOf(provider, event.providerCallId));
    if (callSid === null) return 'unknown_call';
    logAboutCall(callSid);
    const apply = (): Promise<Applied> => this.record({ provider, receipt, ...event, callSid });
    if (!via) return apply();
    const terms = { kind: via === 'webhook' ? SpanKind.SERVER : SpanKind.CONSUMER };
    return inTraceOfCall(this.database, callSid, () => inSpan(`${via} ${provider}`, terms, apply));
  }

  /** Applies an event of Ringback itself. Each type is stored at most once per call. */
  applyOwn(
    callSid: string,
    type: CallEventType,
    facts: Pick<EventToApply, 'endReason' | 'providerCallId' | 'detail'> = {},
  ): Promise<Applied> {
    return this.record({
      provider: RINGBACK,
      eventId: `${callSid}:${type}`,
      callSid,
      type,
      occurredAt: null,
      ...facts,
    });
  }

  /** Undefined if there is no such call. */
  async stateOf(callSid: string): Promise<StateType | undefined> {
    const [call] = await stateNow(this.database, [callSid]);
    return call?.state;
  }

  async isCarriedBy(provider: string, callSid: string): Promise<boolean> {
    return (await carried(this.database, [callSid, provider])).length > 0;
  }

  private publish({ change, needsJobs }: Pick<Application, 'change' | 'needsJobs'>): void {
    if (change === null) return;
    outsideTraces(() => {
      this.feed.publish(change, needsJobs);
    });
  }

  private async openCallOf(provider: string, providerCallId: string | null): Promise<string | null> {
    const [call] = await findByProviderCallId(this.database, [provider, providerCallId]);
    return call?.callSid ?? null;
  }

  private record(event: EventToApply): Promise<Applied> {
    const { callSid, provider, type } = event;
    const attributes = { 'ringback.provider': provider, 'ringback.event': type };
    const terms = { attributes, outcomeOf: (applied: Applied) => ({ 'ringback.applied': applied }) };
    return inTraceOfCall(this.database, callSid, () => inSpan('apply event', terms, () => this.write(event)));
  }

  private async write(event: EventToApply): Promise<Applied> {
    const application = await applyCallEvent(this.database, event, longestStays(this.config));
    const { applied, end, livesOn } = application;
    this.publish(application);
    if (livesOn) void this.hangUpGivenUp(event);
    if (end !== null) countEnd(end);
    const { provider, type, endReason, eventId } = event;
    this.logger.info({ callSid: event.callSid, provider, type, endReason, eventId, applied }, 'call event');
    return applied;
  }

  /**
   * Its caller has been told that the call is over, and may have asked for another one. So its phones must not ring. What
   * the provider then reports as its end corrects the record. Without a reply the next event orders it again.
   */
  private async hangUpGivenUp({ provider: name, callSid, providerCallId = null }: EventToApply): Promise<void> {
    const { database, logger } = this;
    const provider = this.providers.named(name);
    const outcome = provider && (await orderHangUp({ database, logger }, provider, { callSid, providerCallId }));
    if (outcome?.kind === 'taken') logger.warn({ provider: name }, 'a call that was given up went on and is hung up');
  }
}
