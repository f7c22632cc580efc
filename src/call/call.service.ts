import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/error-table.js';
import { logAboutCall } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { isLong } from '../common/long.js';
import { CONFIG, type Config } from '../config/config.js';
import { hotStatement } from '../database/hot-statement.js';
import { DirectoryService, type Parties } from '../directory/directory.service.js';
import { ProviderChoice } from '../telephony/provider-choice.js';
import type {
  CallMilestone,
  ProviderCall,
  ProviderEvent,
  Refusal,
  TelephonyProvider,
} from '../telephony/telephony-provider.js';
import { applyCallEvent, RINGBACK, type Applied, type EventToApply } from './apply-call-event.js';
import { StateType, type CallEventType } from './call-lifecycle.js';
import { CANCEL_LEASE_SECONDS, longestStays } from './call-limits.js';
import { isCallSid, newCallSid } from './call-sid.js';
import { claimCancel, releaseCancel } from './cancel-claim.js';
import { dialOnce } from './dial.js';
import { openCall } from './open-call.js';
import { StateMemory, type RememberedState } from './state-memory.js';

interface Callee {
  readonly userId: string | null;
  readonly serviceLineId: string | null;
}

const findState = hotStatement<RememberedState>(
  'call-state',
  'select caller_id as "callerId", state, changes as number from call_record where call_sid = $1',
);

const findByProviderCallId = hotStatement<{ callSid: string }>(
  'call-by-provider-call-id',
  'select call_sid as "callSid" from call_record where provider = $1 and provider_call_id = $2 and state < 4',
);

const putOffSweep = hotStatement(
  'put-off-sweep',
  `update call_record
   set sweep_at = least(deadline_at, cancel_ordered_at + interval '${CANCEL_LEASE_SECONDS} seconds')
   where call_sid = $1`,
);

/** Seconds after which a caller who is in a call with somebody else may try again. */
const BUSY_RETRY_SECONDS = 10;

/** The story of a call in domain words: placed, told about, canceled. */
@Injectable()
export class CallService {
  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly providers: ProviderChoice,
    private readonly memory: StateMemory,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Rings the caller, then the target. @returns the callSid */
  async callUser(callerId: string, targetId: string): Promise<string> {
    if (!isLong(targetId) || targetId === callerId) throw new AppError('BAD_CALL_PARAMETERS');
    const provider = this.providers.preferred;
    const parties = await this.directory.findParties(callerId, provider.name, targetId);
    return this.place(provider, callerId, parties, { userId: targetId, serviceLineId: null });
  }

  /** Rings the caller, then the first open service line. @returns the callSid */
  async callService(callerId: string): Promise<string> {
    const provider = this.providers.preferred;
    const parties = await this.directory.findPartiesOfService(callerId, provider.name);
    return this.place(provider, callerId, parties, { userId: null, serviceLineId: parties.serviceLineId });
  }

  /**
   * @param seen the number of a change that somebody has seen, maybe on another replica, before it was known here
   * @throws AppError NOT_YOUR_CALL for a callSid that is malformed, unknown, or another user's: one answer for all.
   */
  async stateOf(callSid: string, callerId: string, seen = 0): Promise<RememberedState> {
    const call = isCallSid(callSid) ? await this.knownState(callSid, seen) : undefined;
    if (call?.callerId !== callerId) throw new AppError('NOT_YOUR_CALL');
    return call;
  }

  /**
   * Has the provider hang up, in whatever state the call is, or only where it has not come so far yet: whether it has is
   * for the provider to tell, which alone knows what happened first. Once it has taken the order the call is over.
   */
  async cancel(callSid: string, callerId: string, before: CallMilestone | null = null): Promise<void> {
    const isConditional = before !== null;
    const claim = isCallSid(callSid) ? await claimCancel(this.database, { callSid, callerId, isConditional }) : null;
    if (!claim) throw new AppError('NOT_YOUR_CALL');
    if (claim.state >= StateType[before ?? 'over']) throw new AppError('CANCEL_FAILED');
    // Somebody else's order is on its way.
    if (!claim.claimed && !isConditional) return;
    try {
      await this.hangUp(claim.provider, { callSid, providerCallId: claim.providerCallId }, before);
    } catch (error) {
      if (claim.claimed) await releaseCancel(this.database, callSid);
      throw error;
    }
  }

  /** What a provider tells of a call. */
  async apply(provider: string, event: ProviderEvent, receipt: string | null = null): Promise<Applied> {
    const callSid = event.callSid ?? (await this.openCallOf(provider, event.providerCallId));
    if (callSid === null) return 'unknown_call';
    logAboutCall(callSid);
    return this.record({ provider, receipt, ...event, callSid });
  }

  /** What we did ourselves; each at most once in a call's life. */
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

  /** The provider says that the call is going on within its time. */
  async leaveUntilDeadline(callSid: string): Promise<void> {
    await putOffSweep(this.database, [callSid]);
  }

  async hasMovedOn(callSid: string, from: StateType): Promise<boolean> {
    const [call] = await findState(this.database, [callSid]);
    return call?.state !== from;
  }

  private async openCallOf(provider: string, providerCallId: string | null): Promise<string | null> {
    const [call] = await findByProviderCallId(this.database, [provider, providerCallId]);
    return call?.callSid ?? null;
  }

  private async knownState(callSid: string, seen: number): Promise<RememberedState | undefined> {
    const remembered = this.memory.recall(callSid);
    if (remembered && remembered.number >= seen) return remembered;
    return this.memory.readThrough(callSid, () => this.readState(callSid));
  }

  private async readState(callSid: string): Promise<RememberedState | undefined> {
    const [call] = await findState(this.database, [callSid]);
    return call;
  }

  private async record(event: EventToApply): Promise<Applied> {
    const { applied, change } = await applyCallEvent(this.database, event, longestStays(this.config));
    // Who caused the change must see it at once, before its notification has come round.
    if (change) this.memory.learn(change);
    const { provider, type, endReason, eventId } = event;
    this.logger.info({ callSid: event.callSid, provider, type, endReason, eventId, applied }, 'call event');
    return applied;
  }

  private async place(
    provider: TelephonyProvider,
    callerId: string,
    { callerPhone, subAccount, calleePhone }: Parties,
    callee: Callee,
  ): Promise<string> {
    if (!callerPhone) throw new AppError('CALLER_HAS_NO_PHONE', { values: { hotline: this.config.serviceHotline } });
    if (!calleePhone) throw new AppError('CALLEE_HAS_NO_PHONE');
    if (!subAccount) throw new AppError('NO_SUB_ACCOUNT');

    const open = await openCall(this.database, {
      callSid: newCallSid(new Date()),
      callerId,
      callerPhone,
      calleeId: callee.userId,
      serviceLineId: callee.serviceLineId,
      calleePhone,
      provider: provider.name,
      subAccount: subAccount.externalId,
      dialTimeoutSeconds: this.config.dialTimeoutSeconds,
      longestRequestedSeconds: this.config.longestRequestedSeconds,
    });
    const { callSid } = open;
    logAboutCall(callSid);
    if (!open.isNew) {
      // The same target again is a double tap or a retry after a lost reply, not a wish for a second call.
      if (open.calleeId === callee.userId && Boolean(open.serviceLineId) === Boolean(callee.serviceLineId))
        return callSid;
      throw new AppError('ALREADY_IN_A_CALL', { retryAfterSeconds: BUSY_RETRY_SECONDS });
    }

    this.logger.info({ callerPhone, calleePhone, provider: provider.name }, 'call requested');
    const result = await dialOnce(
      provider,
      { callSid, callerPhone, calleePhone, subAccount },
      this.config.dialTimeoutSeconds,
    );
    switch (result.kind) {
      case 'accepted':
        await this.applyOwn(callSid, 'accepted', { providerCallId: result.providerCallId });
        return callSid;
      case 'refused':
        await this.applyOwn(callSid, 'refused', { endReason: 'failed', detail: refusalDetail(result) });
        throw new AppError(REFUSED_DIAL[result.category] ?? 'SYSTEM', { cause: refusalError(result) });
      case 'timed_out':
        this.logger.warn('the provider has not replied to the dial in time');
        return callSid;
      case 'unknown':
        throw new AppError('SYSTEM', { cause: result.cause });
    }
  }

  private async hangUp(providerName: string, call: ProviderCall, before: CallMilestone | null): Promise<void> {
    logAboutCall(call.callSid);
    const outcome = await this.orderHangUp(providerName, call, before);
    if (outcome.kind !== 'taken') {
      throw new AppError('CANCEL_FAILED', outcome.kind === 'refused' ? { cause: refusalError(outcome) } : {});
    }
    await this.applyOwn(call.callSid, 'canceled', { endReason: 'canceled' });
  }

  private async orderHangUp(providerName: string, call: ProviderCall, before: CallMilestone | null) {
    try {
      const provider = this.providers.named(providerName);
      if (!provider) throw new Error(`provider ${providerName} is not configured any more`);
      return await provider.hangUp(call, before ?? undefined);
    } catch (cause) {
      throw new AppError('SYSTEM', { cause });
    }
  }
}

const REFUSED_DIAL: Partial<Record<Refusal['category'], 'BAD_CALL_PARAMETERS' | 'NO_SUB_ACCOUNT'>> = {
  bad_number: 'BAD_CALL_PARAMETERS',
  bad_account: 'NO_SUB_ACCOUNT',
};

const refusalDetail = ({ category, code, text }: Refusal) => ({ category, code, text });

const refusalError = ({ category, code, text }: Refusal): Error =>
  new Error(`the provider refused (${category}): ${code} ${text}`);
