import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/error-table.js';
import { logAboutCall } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { isLong } from '../common/long.js';
import { inSpan, SpanKind } from '../common/tracing.js';
import { preparedStatement } from '../postgres/prepared-statement.js';
import { DirectoryService } from '../directory/directory.service.js';
import { refusalError } from '../telephony/logged-refusal.js';
import { ProviderRegistry } from '../telephony/provider-registry.js';
import { RequestNotSent } from '../telephony/provider-circuit.js';
import { StatusUnavailable, type CallMilestone, type ProviderCall } from '../telephony/telephony-provider.js';
import { StateType } from './record/call-lifecycle.js';
import { CallPlacement, type PlacedCall } from './placement/call-placement.js';
import { tracePlacing } from './placement/trace-placing.js';
import { CallRecorder } from './call-recorder.js';
import { isCallSid } from './record/call-sid.js';
import { inTraceOfCall } from './record/call-trace.js';
import { userIdIn } from './record/party-id.js';
import { CallerCancels } from './cancel/caller-cancels.js';
import { CancelFailed } from './cancel/cancel-failed.js';
import {
  canceledFacts,
  claimCancel,
  releaseCancel,
  type CancelAuthor,
  type CancelClaim,
} from './cancel/cancel-claim.js';
import { asAsked } from './record/dialled-call.js';
import { releaseDialSlot } from './placement/release-dial-slot.js';
import { KeptCancels } from './cancel/kept-cancels.js';
import { StateCache, type RememberedState } from './updates/state-cache.js';

const findState = preparedStatement<RememberedState>(
  'call-state',
  `select ${userIdIn('caller_id')} as "callerId", state, changes as number from call_records where call_sid = $1`,
);

interface Cancel {
  readonly before: CallMilestone | null;
  readonly by: CancelAuthor;
}

/** Places and cancels calls, and returns their state. */
@Injectable()
export class CallService {
  private readonly cancels = new CallerCancels();

  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly providers: ProviderRegistry,
    private readonly placement: CallPlacement,
    private readonly recorder: CallRecorder,
    private readonly memory: StateCache,
    private readonly keptCancels: KeptCancels,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Rings the caller, then the target. */
  async callUser(callerId: string, calleeId: string): Promise<PlacedCall> {
    if (!isLong(calleeId) || calleeId === callerId) throw new AppError('BAD_CALL_PARAMETERS');
    return tracePlacing(async () => {
      const parties = await this.directory.findParties(callerId, calleeId);
      return this.placement.place(callerId, parties, { calleeId, serviceLineId: null });
    });
  }

  /** Rings the caller, then the first service line that is open now and not busy. */
  callService(callerId: string): Promise<PlacedCall> {
    return tracePlacing(async () =>
      this.placement.placeOnLine(callerId, await this.directory.findPartiesOfService(callerId)),
    );
  }

  /**
   * @param seen the number of a change that the client has received, possibly from another replica before this one has
   *   it
   * @throws AppError NOT_YOUR_CALL for a callSid that is malformed, unknown, or another user's: one answer for all.
   */
  async stateOf(callSid: string, callerId: string | null, seen = 0): Promise<RememberedState> {
    const call = isCallSid(callSid) ? await this.knownState(callSid, seen) : undefined;
    if (call?.callerId !== callerId) throw new AppError('NOT_YOUR_CALL');
    return call;
  }

  /**
   * Makes the provider hang up. With `before`, it does so only if the call has not reached that milestone. The provider
   * decides this, because only the provider knows what happened first. Once the provider has accepted the order, the
   * call is over.
   */
  async cancel(
    callSid: string,
    callerId: string,
    before: CallMilestone | null = null,
    by: CancelAuthor = null,
  ): Promise<void> {
    if (!isCallSid(callSid)) throw new AppError('NOT_YOUR_CALL');
    const what = `${callSid} ${before ?? ''}`;
    const running = this.cancels.find(callerId, what);
    // A second cancel succeeds as soon as the first has claimed the call. With a condition it waits for the provider's
    // verdict.
    if (running) await (before === null ? running.claimed : running.outcome);
    else {
      const claim = () => this.claimCancel(callSid, callerId, { before, by });
      const carryOut = (claimed: CancelClaim) =>
        inTraceOfCall(this.database, callSid, () =>
          inSpan('cancel call', { kind: SpanKind.SERVER }, () => this.carryOut(callSid, claimed, { before, by })),
        );
      await this.cancels.add(callerId, what, claim, carryOut).outcome;
    }
  }

  private async claimCancel(callSid: string, callerId: string, { before, by }: Cancel): Promise<CancelClaim> {
    const claim = await claimCancel(this.database, { callSid, callerId, isConditional: before !== null, by });
    if (!claim) throw new AppError('NOT_YOUR_CALL');
    if (claim.state >= StateType[before ?? 'over']) {
      throw new CancelFailed(claim.state === StateType.over ? 'over' : 'passed');
    }
    return claim;
  }

  private async carryOut(callSid: string, claim: CancelClaim, cancel: Cancel): Promise<void> {
    // Another replica has claimed the cancel and is sending the order.
    if (!claim.claimed && cancel.before === null) return;
    try {
      if (claim.notYetDialed) await this.endNotYetDialed(callSid, claim.provider, cancel.by);
      else await this.hangUp(claim.provider, { callSid, providerCallId: claim.providerCallId }, cancel);
    } catch (error) {
      if (claim.claimed && error instanceof NotOrdered) {
        this.keptCancels.keep(callSid);
        return;
      }
      if (claim.claimed) await releaseCancel(this.database, callSid);
      throw error;
    }
  }

  private async knownState(callSid: string, seen: number): Promise<RememberedState | undefined> {
    const remembered = this.memory.get(callSid);
    if (remembered && remembered.number >= seen) return remembered;
    return this.memory.readThrough(callSid, () => this.readState(callSid));
  }

  private async readState(callSid: string): Promise<RememberedState | undefined> {
    const [call] = await findState(this.database, [callSid]);
    return call;
  }

  private async endNotYetDialed(callSid: string, provider: string, by: CancelAuthor): Promise<void> {
    await this.recorder.applyOwn(callSid, 'canceled', canceledFacts(by));
    await releaseDialSlot(this.database, provider, callSid).catch((error: unknown) => {
      this.logger.warn({ error, provider }, 'a dial slot could not be released and passes unused');
    });
  }

  private async hangUp(providerName: string, call: ProviderCall, { before, by }: Cancel): Promise<void> {
    logAboutCall(call.callSid);
    const outcome = await this.orderHangUp(providerName, call, before);
    if (outcome.kind !== 'taken') {
      throw new CancelFailed(outcome.kind, outcome.kind === 'refused' ? { cause: refusalError(outcome) } : {});
    }
    await this.recorder.applyOwn(call.callSid, 'canceled', canceledFacts(by));
  }

  private async orderHangUp(providerName: string, call: ProviderCall, before: CallMilestone | null) {
    try {
      const provider = this.providers.named(providerName);
      if (!provider) throw new Error(`provider ${providerName} is not configured any more`);
      return await provider.hangUp(await asAsked(this.database, call), before ?? undefined);
    } catch (cause) {
      // It is not known whether the provider has the call, so the cancel waits until that is known.
      throw call.providerCallId === null && (cause instanceof StatusUnavailable || cause instanceof RequestNotSent)
        ? new NotOrdered('SYSTEM', { cause })
        : new AppError('SYSTEM', { cause });
    }
  }
}

/** No order was sent: the provider does not find the call, at least not yet. */
class NotOrdered extends AppError {}
