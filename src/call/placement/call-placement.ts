/**
 * Places a call: chooses the provider, opens the record, dials. If the provider refuses for reasons of its own, the
 * next provider of the route is tried. A dial with an unknown outcome ends the search, because phones may be ringing
 * (design rule 3).
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { logAboutCall } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import type { Quota } from '../../common/rate-limit-headers.js';
import { aboutCall, inSpan, inTraceOfClient, SpanKind } from '../../common/tracing.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { Parties } from '../../directory/directory.service.js';
import { destinationObstacle } from '../../protection/destination-rules.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { loggedRefusal } from '../../telephony/logged-refusal.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { DialRequest, Refusal } from '../../telephony/telephony-provider.js';
import { CallRecorder } from '../call-recorder.js';
import { newCallSid } from '../record/call-sid.js';
import type { CallTerms } from './call-terms.js';
import { CallerDials, FORMER_IN_FLIGHT } from './caller-dials.js';
import { Carriers, type Carrier } from './carriers.js';
import { refusalDetail, type DialResult } from './dial.js';
import { dialWithinLimits, waitsForDialSlot, type Dialler } from './dial-within-limits.js';
import { settleSoon } from '../record/dialled-call.js';
import { OpenCallCheck } from '../reconciliation/open-call-check.js';
import { calleeSubject, callerSubject } from '../record/recent-calls.js';
import { findRunning, RateSpent, type CallToOpen, type OpenCall, type RunningCall } from '../record/open-call.js';
import { countDial } from './dial-metrics.js';
import { isPassedOver, failOver } from './fail-over.js';
import { noteAnswered } from '../record/idempotent-requests.js';
import {
  calleeInACall,
  calleeSuppressed,
  CallerInACall,
  callerSuppressed,
  NotPlaced,
  type PlacingFault,
} from './not-placed.js';
import { isWanted, acquireDialSlot, type DialSlot } from './provider-rate-limit.js';
import { PlacingLimits } from './placing-limits.js';
import { RefusalJournal } from './refusal-journal.js';
import { refusedDial } from './refused-dial.js';
import { SubAccountMaker } from './sub-account-maker.js';

export interface Callee {
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
}

export interface PlacedCall {
  readonly callSid: string;
  /** What its caller may still place; empty for a running call, which is not counted again. */
  readonly quotas: readonly Quota[];
}

interface Way {
  readonly calleePhone: string;
  /** As written in the configuration. */
  readonly route: string;
  readonly first: Carrier;
  readonly others: AsyncGenerator<Carrier, undefined>;
}

type CallToDial = Omit<DialRequest, 'subAccount'> & { readonly notAfter: Date | null };

/** Retry-After for a caller who is in a call with another callee. */
const BUSY_RETRY_SECONDS = 10;

@Injectable()
export class CallPlacement {
  private readonly dials = new CallerDials();
  private readonly dialler: Dialler;
  private readonly carriers: Carriers;
  private readonly limits: PlacingLimits;

  constructor(
    private readonly database: DataSource,
    private readonly providers: ProviderRegistry,
    subAccounts: SubAccountMaker,
    private readonly recorder: CallRecorder,
    private readonly openCallCheck: OpenCallCheck,
    private readonly refusals: RefusalJournal,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.dialler = { database, dials: this.dials, dialTimeoutSeconds: config.dialTimeoutSeconds };
    this.carriers = new Carriers(providers, subAccounts);
    this.limits = new PlacingLimits(database, config);
  }

  /**
   * Checks the caller first: a caller who may not call, or not now, learns nothing about the target.
   * @param callerId of a user, or of a phone (party-id.ts)
   * @param terms of a backend, which gets no running call in place of the one that it asks for
   * @throws NotPlaced; KeyTaken
   */
  place(callerId: string, parties: Parties, callee: Callee, terms?: CallTerms): Promise<PlacedCall> {
    return inTraceOfClient(() =>
      inSpan('place call', { kind: SpanKind.SERVER }, () => this.placeOrNote(callerId, parties, callee, terms)),
    );
  }

  private async placeOrNote(
    callerId: string,
    parties: Parties,
    callee: Callee,
    terms?: CallTerms,
  ): Promise<PlacedCall> {
    try {
      return await this.placeIfAllowed(callerId, parties, callee, terms);
    } catch (error) {
      if (error instanceof NotPlaced) {
        this.refusals.note(error, { callerId, ...callee, parties, askedBy: terms?.placedBy ?? null });
      }
      throw error;
    }
  }

  private async placeIfAllowed(
    callerId: string,
    parties: Parties,
    callee: Callee,
    terms: CallTerms | undefined,
  ): Promise<PlacedCall> {
    const { callerPhone } = parties;
    if (!callerPhone) {
      const values = { hotline: this.config.serviceHotline };
      throw new NotPlaced('caller_has_no_phone', 'CALLER_HAS_NO_PHONE', { values });
    }
    const obstacle = destinationObstacle(callerPhone, this.config);
    if (obstacle !== null) throw notAllowed('caller_not_allowed', obstacle);
    if (parties.callerSuppressed) throw callerSuppressed();
    if (!(await this.carriers.haveAccount(callerId, parties))) throw new NotPlaced('no_account', 'NO_SUB_ACCOUNT');
    const way = await this.wayTo(callerId, parties, callee, terms);
    if (way instanceof NotPlaced) {
      const running = await this.runningCall(callerId);
      if (!running) throw way;
      return { callSid: callSidFor(callee, running, terms), quotas: [] };
    }
    const { calleePhone, route, first, others } = way;

    const waitsForFormer = this.dials.isInFlight(callerId);
    const open = await this.openCall({
      callSid: newCallSid(new Date()),
      callerId,
      callerPhone,
      calleeId: callee.calleeId,
      serviceLineId: callee.serviceLineId,
      calleePhone,
      route,
      provider: first.provider.name,
      subAccount: first.subAccount.externalId,
      waitsForDialSlot: waitsForFormer || waitsForDialSlot(first.provider),
      dialTimeoutSeconds: this.config.dialTimeoutSeconds,
      longestRequestedSeconds: this.config.longestRequestedSeconds,
      order: terms,
      limits: this.limits.of({ isServiceLine: callee.serviceLineId !== null }),
    });
    if (open.isOfCallee) throw calleeInACall();
    const { callSid } = open;
    logAboutCall(callSid);
    if (!open.isNew) return { callSid: callSidFor(callee, open, terms), quotas: [] };

    this.logger.info({ callerPhone, calleePhone, provider: first.provider.name, route }, 'call requested');
    return aboutCall(callSid, async () => {
      const call = { callSid, callerPhone, calleePhone, notAfter: terms?.notAfter ?? null, terms: terms?.dial };
      const slot = waitsForFormer ? await this.slotAfterFormer(callerId, callSid, first.provider) : 'taken';
      const result = slot === 'taken' ? await this.dialByRoute(callerId, call, first, others) : slot;
      return { callSid: await this.conclude(callSid, result, terms), quotas: this.limits.quotasOfCaller(open.left) };
    });
  }

  private async wayTo(
    callerId: string,
    parties: Parties,
    callee: Callee,
    terms: CallTerms | undefined,
  ): Promise<Way | NotPlaced> {
    const { callerPhone, calleePhone } = parties;
    const ofCaller = this.limits.remembered(callerSubject(callerId));
    if (ofCaller) return ofCaller;
    if (!calleePhone) return new NotPlaced('callee_has_no_phone', 'CALLEE_HAS_NO_PHONE');
    const obstacle = destinationObstacle(calleePhone, this.config);
    if (obstacle !== null) return notAllowed('callee_not_allowed', obstacle);
    if (parties.calleeSuppressed) return calleeSuppressed();
    const only = terms?.provider ?? null;
    const route = this.providers.routeTo(calleePhone, terms?.route ?? null);
    const providers = route?.providers.filter(({ name }) => only === null || name === only) ?? [];
    if (!route || providers.length === 0) {
      const cause = new Error('no route, or not the one of the request, leads to the callee’s number');
      return new NotPlaced('no_route', 'BAD_CALL_PARAMETERS', { cause });
    }
    const others = this.carriers.on(providers, callerId, parties);
    const first = await others.next();
    if (first.done) return new NotPlaced('no_account', 'NO_SUB_ACCOUNT');
    // Two users may share a phone. The provider would ring it and then connect it to itself.
    if (callerPhone === calleePhone) return new NotPlaced('same_phone', 'BAD_CALL_PARAMETERS');
    const ofCallee = callee.serviceLineId === null ? this.limits.remembered(calleeSubject(calleePhone)) : null;
    if (ofCallee) return ofCallee;
    return { calleePhone, route: route.to, first: first.value, others };
  }

  /** The status of a call that was already open is fetched first: the event that ended it may have been lost. */
  private async openCall(call: CallToOpen): Promise<OpenCall> {
    try {
      const open = await this.recorder.open(call);
      return open.isNew || !(await this.openCallCheck.isOver(open.callSid)) ? open : await this.recorder.open(call);
    } catch (error) {
      if (!(error instanceof RateSpent)) throw error;
      const { callerId, calleePhone, serviceLineId } = call;
      const refusal = await this.limits.refusal({ callerId, calleePhone, isServiceLine: serviceLineId !== null });
      // A place has become free in between.
      throw (
        refusal ?? new NotPlaced('caller_calls_too_often', 'TOO_MANY_CALLS', { retryAfterSeconds: 1, cause: error })
      );
    }
  }

  private async runningCall(callerId: string): Promise<RunningCall | undefined> {
    const [running] = await findRunning(this.database, [callerId]);
    return running && !(await this.openCallCheck.isOver(running.callSid)) ? running : undefined;
  }

  /** Waits before the provider's queue, so a cancel can end the call without a request to the provider. */
  private async slotAfterFormer(
    callerId: string,
    callSid: string,
    provider: ResilientProvider,
  ): Promise<DialSlot | DialResult> {
    const isFormerOver = await this.dials.waitForFormer(callerId, () => isWanted(this.database, callSid));
    if (!isFormerOver) return FORMER_IN_FLIGHT;
    // With rate limits, the slot is acquired where the call is dialled.
    return waitsForDialSlot(provider) ? 'taken' : acquireDialSlot(this.database, callSid, provider);
  }

  private async dialByRoute(
    callerId: string,
    call: CallToDial,
    first: Carrier,
    others: AsyncGenerator<Carrier, undefined>,
  ): Promise<DialResult> {
    for (let carrier = first; ;) {
      const result = await this.dial(callerId, call, carrier);
      if (result.kind !== 'refused' || !isPassedOver(result)) return result;
      const next = await others.next();
      if (next.done || !(await this.failOver(call.callSid, carrier, result, next.value))) return result;
      carrier = next.value;
    }
  }

  private async dial(callerId: string, call: CallToDial, carrier: Carrier): Promise<DialResult> {
    const { provider: asked, subAccount } = carrier;
    const { notAfter, ...request } = call;
    const result = await dialWithinLimits(this.dialler, callerId, asked, { ...request, subAccount }, notAfter);
    const provider = asked.name;
    countDial(provider, result);
    if (result.kind === 'refused') {
      this.logger.warn({ provider, refusal: loggedRefusal(result) }, 'the provider refused a dial');
    }
    if (result.kind === 'timed_out') {
      this.logger.warn({ provider }, 'the provider has not replied to the dial in time');
    }
    if (result.kind === 'timed_out' || result.kind === 'unknown') this.settleSoon(call.callSid);
    return result;
  }

  /** Not awaited: while the process stops, it must answer its callers as soon as their dials are released. */
  private settleSoon(callSid: string): void {
    settleSoon(this.database, callSid).catch((error: unknown) => {
      this.logger.debug(
        { error },
        'the check of a dial with an unknown outcome could not be brought forward; it is checked when due',
      );
    });
  }

  private failOver(callSid: string, from: Carrier, refusal: Refusal, to: Carrier): Promise<boolean> {
    this.logger.info({ from: from.provider.name, to: to.provider.name }, 'a provider is passed over');
    return failOver(this.database, {
      callSid,
      from: from.provider.name,
      refusal,
      to: to.provider.name,
      subAccount: to.subAccount.externalId,
      waitsForDialSlot: waitsForDialSlot(to.provider),
      dialTimeoutSeconds: this.config.dialTimeoutSeconds,
    });
  }

  private async conclude(callSid: string, result: DialResult, terms: CallTerms | undefined): Promise<string> {
    switch (result.kind) {
      case 'accepted':
        await this.recorder.applyOwn(callSid, 'accepted', { providerCallId: result.providerCallId });
        return callSid;
      case 'refused':
        await this.recorder.applyOwn(callSid, 'refused', { endReason: 'failed', detail: refusalDetail(result) });
        throw refusedDial(result, callSid);
      case 'canceled':
        return callSid;
      case 'timed_out':
      case 'unknown':
        if (terms?.request) await noteAnswered(this.database, terms.request, callSid);
        // A backend is told of the call, which settles by itself; the contract has an answer of its own.
        if (result.kind === 'unknown' && !terms) throw new AppError('SYSTEM', { cause: result.cause });
        return callSid;
    }
  }
}

const notAllowed = (fault: PlacingFault, obstacle: string): NotPlaced =>
  new NotPlaced(fault, 'BAD_CALL_PARAMETERS', { cause: new Error(obstacle) });

/**
 * A repeated request for the same target is a double tap or a retry after a lost reply. It does not ask for a second
 * call.
 */
const callSidFor = (
  { calleeId, serviceLineId }: Callee,
  { callSid, ...running }: RunningCall,
  terms: CallTerms | undefined,
): string => {
  logAboutCall(callSid);
  if (terms) throw new CallerInACall(callSid, running.placedBy);
  const isSame = running.calleeId === calleeId && Boolean(running.serviceLineId) === Boolean(serviceLineId);
  if (!isSame) throw new AppError('ALREADY_IN_A_CALL', { retryAfterSeconds: BUSY_RETRY_SECONDS });
  return callSid;
};
