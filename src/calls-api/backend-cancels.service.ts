import { Injectable } from '@nestjs/common';
import { CancelFailed } from '../call/cancel/cancel-failed.js';
import { cancelConditionOf } from '../call/cancel/cancel-condition.js';
import { CallService } from '../call/call.service.js';
import { StateType } from '../call/record/call-lifecycle.js';
import { PlacedCallsService, type PlacedCall } from '../call/search/placed-calls.service.js';
import { AppError } from '../common/error-table.js';
import type { CancelOutcome } from './placed-call.dto.js';

export interface Canceled {
  readonly outcome: CancelOutcome;
  readonly call: PlacedCall;
}

/** Seconds; the provider may take the next order. */
const RETRY_SECONDS = 5;

@Injectable()
export class BackendCancels {
  constructor(
    private readonly calls: CallService,
    private readonly placed: PlacedCallsService,
  ) {}

  /** @throws AppError NOT_FOUND CANCEL_REFUSED PROVIDER_UNAVAILABLE */
  async cancel(callSid: string, subject: string, before: string | undefined): Promise<Canceled> {
    const { callerKey } = await this.placed.find(callSid, subject);
    const fault = await this.faultOf(callSid, callerKey, before);
    const { call } = await this.placed.find(callSid, subject);
    return { outcome: outcomeOf(fault, call), call };
  }

  /** Null where the cancel was taken. */
  private async faultOf(
    callSid: string,
    callerKey: string,
    before: string | undefined,
  ): Promise<Exclude<CancelFailed['fault'], 'refused'> | null> {
    try {
      await this.calls.cancel(callSid, callerKey, cancelConditionOf(before));
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { cause } = error;
      if (!(error instanceof CancelFailed)) {
        if (error.code !== 'SYSTEM') throw error;
        throw new AppError('PROVIDER_UNAVAILABLE', { cause, retryAfterSeconds: RETRY_SECONDS });
      }
      if (error.fault === 'refused') throw new AppError('CANCEL_REFUSED', { cause });
      return error.fault;
    }
  }
}

const outcomeOf = (fault: 'over' | 'gone' | 'passed' | null, call: PlacedCall): CancelOutcome => {
  const isOver = call.stateType === String(StateType.over);
  if (fault === 'passed') return 'passed';
  if (isOver && call.endedBy === 'cancel') return 'canceled';
  return fault === null && !isOver ? 'canceling' : 'over';
};
