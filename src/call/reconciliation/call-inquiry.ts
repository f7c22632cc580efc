/** Fetches a call's status from its provider and updates the record with it. */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { RequestNotSent } from '../../telephony/provider-circuit.js';
import { StatusUnavailable, type ProviderCall } from '../../telephony/telephony-provider.js';
import { StateType } from '../record/call-lifecycle.js';
import { CallRecorder } from '../call-recorder.js';
import { inTraceOfCall } from '../record/call-trace.js';
import { asAsked } from '../record/dialled-call.js';

export interface CallInQuestion extends ProviderCall {
  readonly state: StateType;
  /** The dial may be so recent that the provider does not find the call yet. Then "unknown call" proves nothing. */
  readonly isFresh: boolean;
}

/**
 * over: the record is closed. open: the provider reports that the call goes on. unanswered: the request failed, or the
 * provider does not know the call yet. untold: the provider offers no status for this call.
 */
export type Answer = 'over' | 'open' | 'unanswered' | 'untold';

@Injectable()
export class CallInquiry {
  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** In the trace of this call, also where the request for another one is the reason. */
  ask(provider: ResilientProvider, call: CallInQuestion): Promise<Answer> {
    return inTraceOfCall(this.database, call.callSid, () => this.askInTrace(provider, call));
  }

  private async askInTrace(provider: ResilientProvider, call: CallInQuestion): Promise<Answer> {
    let status;
    try {
      status = await provider.fetchStatus(await asAsked(this.database, call));
    } catch (error) {
      return this.withoutAnswer(provider.name, call.callSid, error);
    }
    if (status.kind === 'unknown') {
      if (call.isFresh) return 'unanswered';
      // Without an event or an id from the provider, the call was never placed and no phone rang. Otherwise the
      // provider has dropped the call.
      const wasPlaced = call.providerCallId !== null || call.state > StateType.requested;
      await this.recorder.applyOwn(call.callSid, 'lost', {
        endReason: wasPlaced ? 'lost' : 'failed',
        detail: { why: 'the provider knows no such call' },
      });
      return this.stateIn(call.callSid);
    }
    // The request was for this call; a callSid in the events is ignored.
    for (const event of status.events) await this.recorder.apply(provider.name, { ...event, callSid: call.callSid });
    return this.stateIn(call.callSid);
  }

  private async stateIn(callSid: string): Promise<'over' | 'open'> {
    return (await this.recorder.stateOf(callSid)) === StateType.over ? 'over' : 'open';
  }

  private withoutAnswer(provider: string, callSid: string, error: unknown): Answer {
    // The opening of a circuit is logged once. The requests that it stops are not logged.
    if (error instanceof RequestNotSent) return 'unanswered';
    if (error instanceof StatusUnavailable) {
      this.logger.debug({ error, provider, callSid }, 'the provider offers no status for this call');
      return 'untold';
    }
    this.logger.warn({ error, provider, callSid }, 'the status of a call could not be fetched');
    return 'unanswered';
  }
}
