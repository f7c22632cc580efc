/** Asks a call's provider how it stands, and brings the record up to what the provider says. */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { RequestNotSent } from '../../telephony/provider-circuit.js';
import { StatusUnavailable, type ProviderCall } from '../../telephony/telephony-provider.js';
import { StateType } from '../record/call-lifecycle.js';
import { CallRecorder } from '../call-recorder.js';
import { asAsked } from '../record/dialled-call.js';

export interface CallInQuestion extends ProviderCall {
  readonly state: StateType;
  /** Its dial may be too recent for the provider to know the call: that it knows none proves nothing yet. */
  readonly isFresh: boolean;
}

/**
 * over: the record is closed. open: the provider says that the call goes on. unanswered: the provider failed, or does not
 * know the call yet. untold: it cannot be asked about this call.
 */
export type Answer = 'over' | 'open' | 'unanswered' | 'untold';

const stateNow = preparedStatement<{ state: StateType }>(
  'state-now',
  'select state from call_record where call_sid = $1',
);

@Injectable()
export class CallInquiry {
  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async ask(provider: ResilientProvider, call: CallInQuestion): Promise<Answer> {
    let status;
    try {
      status = await provider.fetchStatus(await asAsked(this.database, call));
    } catch (error) {
      return this.withoutAnswer(provider.name, error);
    }
    if (status.kind === 'unknown') {
      if (call.isFresh) return 'unanswered';
      // A provider that never sent an event or an id has never placed the call: no phone was rung. Else it has dropped it.
      const wasPlaced = call.providerCallId !== null || call.state > StateType.requested;
      await this.recorder.applyOwn(call.callSid, 'lost', {
        endReason: wasPlaced ? 'lost' : 'failed',
        detail: { why: 'the provider knows no such call' },
      });
      return 'over';
    }
    // The question was about this call, whatever callSid an answer bears.
    for (const event of status.events) await this.recorder.apply(provider.name, { ...event, callSid: call.callSid });
    return (await this.stateOf(call.callSid)) === StateType.over ? 'over' : 'open';
  }

  async stateOf(callSid: string): Promise<StateType | undefined> {
    const [call] = await stateNow(this.database, [callSid]);
    return call?.state;
  }

  private withoutAnswer(provider: string, error: unknown): Answer {
    // A circuit that opens has a line in the log; each request that it stops needs none.
    if (error instanceof RequestNotSent) return 'unanswered';
    if (error instanceof StatusUnavailable) {
      this.logger.debug({ error, provider }, 'the provider cannot be asked about this call');
      return 'untold';
    }
    this.logger.warn({ error, provider }, 'the provider could not be asked');
    return 'unanswered';
  }
}
