/**
 * Places a call: judges it by the rules, opens the record with the first provider of its route, has it dialled, and
 * stores the outcome.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { logAboutCall } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { writtenPhone } from '../../common/phone-number.js';
import type { Quota } from '../../common/rate-limit-headers.js';
import { aboutCall } from '../../common/tracing.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { Parties } from '../../directory/directory.service.js';
import type { ShownNumbers } from '../../directory/shown-numbers.js';
import { decide, type Check, type RuleRefusal, type Verdict } from '../../protection/placing-rules.js';
import { isNamedBy } from '../../telephony/provider-kind.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { ProviderRegistry, type RouteTaken } from '../../telephony/provider-registry.js';
import type { DialTerms } from '../../telephony/telephony-provider.js';
import { CallRecorder } from '../call-recorder.js';
import { newCallSid } from '../record/call-sid.js';
import type { CallTerms } from './call-terms.js';
import { CallerDials, FORMER_IN_FLIGHT } from './caller-dials.js';
import { Carriers, dialling } from './carriers.js';
import { refusalDetail, withoutAccount, type DialResult } from './dial.js';
import { huntedBy, RouteDialler } from './dial-by-route.js';
import { waitsForDialSlot } from './dial-within-limits.js';
import { factsOf, Spending, type Bill } from '../spending/spending.service.js';
import { OpenCallCheck } from '../reconciliation/open-call-check.js';
import {
  findRunning,
  LimitSpent,
  type CallToOpen,
  type OpenCall,
  type Reservation,
  type RunningCall,
} from '../record/open-call.js';
import { noteAnswered } from '../record/idempotent-requests.js';
import {
  busyNumbers,
  chooseNumbers,
  huntDetail,
  partiesByPhone,
  severalOf,
  type Candidate,
  type Choice,
  type Hunt,
} from './line-hunt.js';
import { CallerInACall, NotPlaced, refusedByRule } from './not-placed.js';
import { callToPay, placingFacts, type CallToJudge } from './placing-facts.js';
import { isWanted, acquireDialSlot, type DialSlot } from './provider-rate-limit.js';
import { PlacingLimits, type CountedCall, type SpentRates } from './placing-limits.js';
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

interface AskedCall {
  readonly callerId: string;
  readonly parties: Parties;
  readonly callee: Callee;
  readonly terms: CallTerms | undefined;
  /** With the providers that may be taken; undefined if there are none. */
  readonly route: RouteTaken | undefined;
  /** Null if no budget counts the call. */
  readonly bill: Bill | null;
  /** Of a service line with several numbers, or with a ring time of its own. */
  readonly hunt: Hunt | null;
  /** False if every number of the line is in a call, and may have no other. */
  readonly hasFreeNumber: boolean;
  /** Whether another service line is tried if this one is busy. */
  readonly hasNextLine: boolean;
}

type CallInQuestion = Pick<AskedCall, 'callerId' | 'parties' | 'callee' | 'route' | 'hasFreeNumber'>;

/** What is spent says nothing of a number of a line. */
const NOTHING_SPENT: SpentRates = { ofCaller: null, ofCallees: null, ofCallee: null };

/** Other calls may take what a shorter talk was to cost. */
const SHORTER_TALKS = 3;

/** Retry-After for a caller who is in a call with another callee. */
const BUSY_RETRY_SECONDS = 10;

@Injectable()
export class CallPlacement {
  private readonly dials = new CallerDials();
  private readonly routeDialler: RouteDialler;
  private readonly carriers: Carriers;
  private readonly limits: PlacingLimits;

  constructor(
    private readonly database: DataSource,
    private readonly providers: ProviderRegistry,
    subAccounts: SubAccountMaker,
    private readonly recorder: CallRecorder,
    private readonly openCallCheck: OpenCallCheck,
    private readonly refusals: RefusalJournal,
    private readonly spending: Spending,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const { dialTimeoutSeconds } = config;
    this.routeDialler = new RouteDialler({ database, dials: this.dials, dialTimeoutSeconds }, logger);
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
    return this.placeOrNote(callerId, parties, callee, terms);
  }

  /** Rings the first service line that is not busy. @param lines the parties of a call to each of them */
  placeOnLine(callerId: string, [first, ...others]: readonly [Parties, ...Parties[]]): Promise<PlacedCall> {
    return this.placeOrNote(callerId, first, lineOf(first), undefined, others);
  }

  private async placeOrNote(
    callerId: string,
    given: Parties,
    callee: Callee,
    terms: CallTerms | undefined,
    [nextLine, ...others]: readonly Parties[] = [],
  ): Promise<PlacedCall> {
    const { parties, hunt, hasFreeNumber } = await this.chooseNumbers(callerId, given, callee, terms);
    const route = this.routeTo(parties, terms);
    const bill = this.spending.billOf(callToPay(callerId, parties, route, talkOf(terms), phonesOf(hunt)));
    const hasNextLine = nextLine !== undefined;
    const asked = { callerId, parties, callee, terms, route, bill, hunt, hasFreeNumber, hasNextLine };
    const verdict = await this.judgeBeforehand(asked);
    try {
      return await this.placeIfAllowed(asked, verdict);
    } catch (error) {
      if (nextLine && error instanceof NotPlaced && error.fault === 'service_line_busy') {
        return this.placeOrNote(callerId, nextLine, lineOf(nextLine), terms, others);
      }
      if (error instanceof NotPlaced) {
        const checks = error.checks ?? verdict.checks;
        this.refusals.note(error, { callerId, ...callee, parties, askedBy: terms?.placedBy ?? null, checks });
      }
      throw error;
    }
  }

  /** Those of the line's numbers that this call may ring, each as if it were called alone. */
  private async chooseNumbers(
    callerId: string,
    given: Parties,
    callee: Callee,
    terms: CallTerms | undefined,
  ): Promise<Choice> {
    const [first, ...others] = partiesByPhone(given).map((one): Candidate => {
      const { parties } = one;
      const route = this.routeTo(parties, terms);
      const bill = this.spending.billOf(callToPay(callerId, parties, route, talkOf(terms)));
      const asked = { callerId, parties, callee, route, hasFreeNumber: true };
      const { refusal } = this.judge(asked, { spent: NOTHING_SPENT, isCalleeTaken: false, money: factsOf(bill) });
      return { ...one, route, refusal };
    });
    if (!first) return { parties: given, hunt: null, hasFreeNumber: true };
    const candidates = [first, ...others] as const;
    const phones = candidates.map(({ parties }) => parties.calleePhone);
    const busy =
      this.config.oneCallPerCallee && others.length > 0
        ? await busyNumbers(this.database, phones, callee.serviceLineId, callerId)
        : [];
    return chooseNumbers(candidates, busy, { ringSeconds: terms?.dial.ringCalleeSeconds, limits: this.config });
  }

  /** @param met the limits that are known to be met; the statement that opens the call decides on the others */
  private judge(
    { callerId, parties, callee, route, hasFreeNumber }: CallInQuestion,
    met: Pick<CallToJudge, 'spent' | 'isCalleeTaken' | 'money'>,
  ): Verdict {
    const isServiceLine = callee.serviceLineId !== null;
    const providers = this.providers.all;
    const facts = placingFacts({ callerId, parties, isServiceLine, route, providers, hasFreeNumber, ...met });
    return decide(facts, this.config);
  }

  /** A budget that has refused a call of late is read, so that a client that goes on asking writes nothing to the database. */
  private async judgeBeforehand(asked: AskedCall): Promise<Verdict> {
    const { bill } = asked;
    const call = countedCall(asked);
    const spent = this.limits.remembered(call);
    const verdict = this.judge(asked, { spent, isCalleeTaken: false, money: factsOf(bill) });
    // The caller's own rates count first, and no request may have met them yet.
    if (verdict.refusal && !verdict.refusal.isOfCaller && !spent.ofCaller) {
      const found = await this.limits.find(call);
      return this.judge(asked, { spent: found, isCalleeTaken: false, money: factsOf(bill) });
    }
    if (verdict.refusal || !this.spending.mayBeSpent(bill)) return verdict;
    const { money } = await this.spending.fitting(bill);
    if (!money?.spent) return verdict;
    return this.judge(asked, {
      spent: await this.limits.find(call),
      isCalleeTaken: await this.limits.isTaken(call),
      money,
    });
  }

  private async placeIfAllowed(asked: AskedCall, { checks, refusal }: Verdict): Promise<PlacedCall> {
    const { callerId, parties, callee, terms, route, hunt } = asked;
    if (refusal?.isOfCaller) throw this.refused(refusal, checks);
    if (!(await this.carriers.haveAccount(callerId, parties))) throw noAccount();
    if (refusal) return this.runningOr(asked, this.refused(refusal, checks));

    const noAccountAt: string[] = [];
    const others = this.carriers.on(
      route?.providers.filter(isPriced(asked.bill)) ?? [],
      callerId,
      parties,
      noAccountAt,
    );
    const { value: first } = await others.next();
    const { callerPhone, calleePhone, calleeExtension } = parties;
    if (!first || !route || callerPhone === null || calleePhone === null) return this.runningOr(asked, noAccount());
    const waitsForFormer = this.dials.isInFlight(callerId);
    const ownTerms = dialTerms(parties.shown, terms, hunt);
    const { open, bill } = await this.openWithinBudgets(asked, {
      callSid: newCallSid(new Date(), this.config.cell),
      callerId,
      callerPhone,
      calleeId: callee.calleeId,
      serviceLineId: callee.serviceLineId,
      calleePhone,
      hunt: huntedBy(first.provider, severalOf(hunt)),
      route: route.to,
      provider: first.provider.name,
      subAccount: first.subAccount.externalId,
      waitsForDialSlot: waitsForFormer || waitsForDialSlot(first.provider),
      dialTimeoutSeconds: this.config.dialTimeoutSeconds,
      longestRequestedSeconds: this.config.longestRequestedSeconds,
      order: terms,
      limits: this.limits.of(countedCall(asked)),
      reservation: reservationOf(asked.bill),
      detail: {
        checks,
        ...(calleeExtension !== null && { dialled: writtenPhone(calleePhone, calleeExtension) }),
        ...shownDetail(ownTerms),
        ...huntDetail(hunt),
        ...withoutAccount(noAccountAt.splice(0)),
      },
    });
    const { callSid } = open;
    logAboutCall(callSid);
    if (!open.isNew) return { callSid: callSidFor(callee, open, terms), quotas: [] };

    this.logger.info({ callerPhone, calleePhone, provider: first.provider.name, route: route.to }, 'call requested');
    return aboutCall(callSid, async () => {
      const call = {
        callSid,
        callerPhone,
        calleePhone,
        ...(calleeExtension !== null && { calleeExtension }),
        hunt: severalOf(hunt),
        notAfter: terms?.notAfter ?? null,
        terms: shortenedBy(bill, ownTerms),
      };
      const slot = waitsForFormer ? await this.slotAfterFormer(callerId, callSid, first.provider) : 'taken';
      const result =
        slot === 'taken' ? await this.routeDialler.dial(callerId, call, { first, others, noAccountAt }) : slot;
      const placed = await this.conclude(callSid, result, { terms, noAccountAt });
      return { callSid: placed, quotas: this.limits.quotasOfCaller(open.left) };
    });
  }

  private routeTo({ calleePhone, calleeExtension }: Parties, terms: CallTerms | undefined): RouteTaken | undefined {
    if (!calleePhone) return undefined;
    const route = this.providers.routeTo(calleePhone, terms?.route ?? null);
    const only = terms?.provider ?? null;
    const providers = route?.providers.filter(({ name }) => only === null || isNamedBy(name, only)) ?? [];
    if (!route || providers.length === 0) return undefined;
    return { ...route, providers: dialling(providers, calleePhone, calleeExtension) };
  }

  private refused(refusal: RuleRefusal, checks: readonly Check[]): NotPlaced {
    return refusedByRule(refusal, {
      checks,
      quotas: this.limits.quotasOf(refusal),
      hotline: this.config.serviceHotline,
    });
  }

  /** A caller who is in a call learns of that call, and nothing about the target. */
  private async runningOr({ callerId, callee, terms }: AskedCall, refusal: NotPlaced): Promise<PlacedCall> {
    const running = await this.runningCall(callerId);
    if (!running) throw refusal;
    return { callSid: callSidFor(callee, running, terms), quotas: [] };
  }

  /** If the budgets have money for a shorter talk only, the talk is limited to that. */
  private async openWithinBudgets(
    asked: AskedCall,
    call: CallToOpen,
    attempts = SHORTER_TALKS,
  ): Promise<{ readonly open: OpenCall; readonly bill: Bill | null }> {
    try {
      return { open: await this.openCall(asked, call), bill: asked.bill };
    } catch (error) {
      if (!(error instanceof LimitSpent)) throw error;
      const { bill, money } = await this.spending.fitting(asked.bill);
      const spent = await this.limits.find(countedCall(asked));
      const { refusal, checks } = this.judge(asked, { spent, isCalleeTaken: false, money });
      if (refusal) throw this.refused(refusal, checks);
      if (!bill?.isShortened || attempts === 0) throw freeAgain(error);
      const shorter = { longestTalkSeconds: bill.talkSeconds, reservation: reservationOf(bill) };
      const again = { ...call, ...shorter, detail: { ...call.detail, checks } };
      return this.openWithinBudgets({ ...asked, bill }, again, attempts - 1);
    }
  }

  /** The status of a call that was already open is fetched first: the event that ended it may have been lost. */
  private async openCall(asked: AskedCall, call: CallToOpen): Promise<OpenCall> {
    const open = await this.recorder.open(call);
    const isChecked = !open.isNew && !(open.isOfCallee && asked.hasNextLine);
    const isOpen = !isChecked || !(await this.openCallCheck.isOver(open.callSid));
    const found = isOpen ? open : await this.recorder.open(call);
    if (found.isOfCallee) throw await this.calleeTaken(asked);
    return found;
  }

  /** The rules, with what the database knows now, may know of a limit that comes first. */
  private async calleeTaken(asked: AskedCall): Promise<NotPlaced> {
    const spent = await this.limits.find(countedCall(asked));
    const { money } = await this.spending.fitting(asked.bill);
    const { refusal, checks } = this.judge(asked, { spent, isCalleeTaken: true, money });
    return refusal ? this.refused(refusal, checks) : freeAgain();
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

  private async conclude(
    callSid: string,
    result: DialResult,
    { terms, noAccountAt }: { readonly terms: CallTerms | undefined; readonly noAccountAt: readonly string[] },
  ): Promise<string> {
    switch (result.kind) {
      case 'accepted':
        await this.recorder.applyOwn(callSid, 'accepted', { providerCallId: result.providerCallId });
        return callSid;
      case 'refused':
        await this.recorder.applyOwn(callSid, 'refused', {
          endReason: 'failed',
          detail: refusalDetail(result, noAccountAt),
        });
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

const countedCall = ({ callerId, parties, callee }: AskedCall): CountedCall => ({
  callerId,
  calleePhone: parties.calleePhone,
  isServiceLine: callee.serviceLineId !== null,
  lineCallsAtOnce: parties.lineCallsAtOnce,
});

/** What differs from the provider's settings; undefined if nothing does. */
const dialTerms = (
  { toCaller, toCallee }: ShownNumbers,
  terms: CallTerms | undefined,
  hunt: Hunt | null,
): DialTerms | undefined => {
  const own = {
    ...(toCaller !== null && { shownToCaller: toCaller }),
    ...(toCallee !== null && { shownToCallee: toCallee }),
    ...terms?.dial,
    ...(hunt?.numbers[0] && { ringCalleeSeconds: hunt.numbers[0].ringSeconds }),
  };
  return Object.keys(own).length > 0 ? own : undefined;
};

/** To the talk for which a budget has money. */
const shortenedBy = (bill: Bill | null, terms: DialTerms | undefined): DialTerms | undefined =>
  bill?.isShortened ? { ...terms, longestTalkSeconds: bill.talkSeconds } : terms;

/** As the timeline stores it. A dial whose reply is lost is also searched for by it (dialled-call.ts). */
const shownDetail = ({ shownToCaller: toCaller, shownToCallee: toCallee }: DialTerms = {}) =>
  (toCaller ?? toCallee) !== undefined && {
    shown: { ...(toCaller !== undefined && { toCaller }), ...(toCallee !== undefined && { toCallee }) },
  };

const talkOf = (terms: CallTerms | undefined): number | null => terms?.longestTalkSeconds ?? null;

const phonesOf = (hunt: Hunt | null): readonly string[] => hunt?.numbers.map(({ phone }) => phone) ?? [];

const lineOf = ({ serviceLineId }: Parties): Callee => ({ calleeId: null, serviceLineId });

/** A limit was met, and is no more: a place has become free in between. */
const freeAgain = (cause?: LimitSpent): NotPlaced =>
  new NotPlaced('caller_calls_too_often', 'TOO_MANY_CALLS', { retryAfterSeconds: 1, cause });

/** A provider without a price could cost anything. */
const isPriced =
  (bill: Bill | null) =>
  ({ name }: ResilientProvider): boolean =>
    bill === null || name in bill.prices;

const reservationOf = (bill: Bill | null): Reservation | undefined =>
  bill?.worst == null ? undefined : { cost: bill.worst, prices: bill.prices, budgets: bill.budgets };

/** It could not be created. */
const noAccount = (): NotPlaced => new NotPlaced('no_account', 'NO_SUB_ACCOUNT');

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
