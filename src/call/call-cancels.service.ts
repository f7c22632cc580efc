/** Cancels calls for backends and administrators, and says whether the cancel or the call came first. */
import { Injectable } from '@nestjs/common';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import type { CancelAuthor } from './cancel/cancel-claim.js';
import { cancelConditionOf } from './cancel/cancel-condition.js';
import type { CancelOutcome } from './cancel/cancel.dto.js';
import { CancelFailed } from './cancel/cancel-failed.js';
import { CallService } from './call.service.js';
import { StateType } from './record/call-lifecycle.js';
import type { ShownCall } from './search/call-view.js';
import { PlacedCallsService, type FoundCall, type PlacedCall } from './search/placed-calls.service.js';

export interface Canceled<Call extends ShownCall> {
  readonly outcome: CancelOutcome;
  readonly call: Call;
}

/** Seconds; the provider may take the next order. */
const RETRY_SECONDS = 5;

@Injectable()
export class CallCancels {
  constructor(
    private readonly calls: CallService,
    private readonly placed: PlacedCallsService,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * A call that this subject has placed.
   * @throws AppError NOT_FOUND CANCEL_REFUSED PROVIDER_UNAVAILABLE
   */
  cancelOwn(callSid: string, subject: string, before: string | undefined): Promise<Canceled<PlacedCall>> {
    return this.cancel(() => this.placed.find(callSid, subject), before, null);
  }

  /**
   * Any call, on an administrator's order.
   * @throws AppError NOT_FOUND CANCEL_REFUSED PROVIDER_UNAVAILABLE
   */
  async cancelAny(callSid: string, before: string | undefined, author: Author): Promise<Canceled<ShownCall>> {
    const find = () => this.placed.findAny(callSid);
    await find();
    const cancel = () => this.cancel(find, before, 'admin');
    return this.audit.order(author, targetOf('call', callSid), cancel, ({ outcome }) => outcome);
  }

  private async cancel<Call extends ShownCall>(
    find: () => Promise<FoundCall<Call>>,
    before: string | undefined,
    by: CancelAuthor,
  ): Promise<Canceled<Call>> {
    const fault = await this.faultOf(await find(), before, by);
    const { call } = await find();
    return { outcome: outcomeOf(fault, call), call };
  }

  /** Null where the cancel was taken. */
  private async faultOf(
    { call: { callSid }, callerKey }: FoundCall<ShownCall>,
    before: string | undefined,
    by: CancelAuthor,
  ): Promise<Exclude<CancelFailed['fault'], 'refused'> | null> {
    try {
      await this.calls.cancel(callSid, callerKey, cancelConditionOf(before), by);
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

const outcomeOf = (fault: 'over' | 'gone' | 'passed' | null, call: ShownCall): CancelOutcome => {
  const isOver = call.stateType === String(StateType.over);
  if (fault === 'passed') return 'passed';
  if (isOver && call.endedBy === 'cancel') return 'canceled';
  return fault === null && !isOver ? 'canceling' : 'over';
};
