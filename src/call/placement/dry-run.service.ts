/**
 * Shows whether a call would be placed, which provider it would take, and why. The rules are those of placing, on the same
 * facts. Nothing is placed, and no request is sent to a provider.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { CONFIG, type Config } from '../../config/config.js';
import { dialledPhone } from '../../directory/dialable-phone.js';
import { decide, type Check } from '../../protection/placing-rules.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { dialling, knownAccount } from './carriers.js';
import { Spending } from '../spending/spending.service.js';
import { callToPay, placingFacts } from './placing-facts.js';
import { PlacingLimits } from './placing-limits.js';
import { lookAt, NO_CARRIER } from './provider-look.js';
import { openCallsByProvider } from './provider-rate-limit.js';

/** Users by id or external id. */
export interface CallToTry {
  readonly callerId: string;
  /** If absent, `phone` is the callee's number. */
  readonly calleeId?: string;
  readonly phone?: string;
}

/**
 * carries: this provider would be tried first. stands_in: it would be tried if the earlier ones refuse for reasons of
 * their own.
 */
export const VERDICTS = ['carries', 'stands_in', 'passed_over'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface DryRun {
  /** The callee's number; null if there is none. */
  readonly phone: string | null;
  /** The matching route as configured; null if none matches. */
  readonly route: string | null;
  /** Null if the call would be refused. */
  readonly carrier: string | null;
  readonly why: string;
  /** The providers of the route, in its order. */
  readonly providers: readonly { readonly provider: string; readonly verdict: Verdict; readonly why: string }[];
  /** What each rule saw and said, up to the one that refuses. */
  readonly checks: readonly Check[];
}

@Injectable()
export class DryRunService {
  private readonly limits: PlacingLimits;

  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly providers: ProviderRegistry,
    private readonly spending: Spending,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.limits = new PlacingLimits(database, config);
  }

  /** @throws AppError BAD_REQUEST without a callee, with two, or for a number that cannot be dialled */
  async dryRun({ callerId: caller, calleeId, phone }: CallToTry): Promise<DryRun> {
    if ((calleeId === undefined) === (phone === undefined) || calleeId === caller) throw noSingleCallee();
    const given = phone === undefined ? null : dialledPhone(phone, this.config.phoneRegion);
    const found = await this.directory.findNamedParties({
      caller,
      callee: calleeId ?? null,
      serviceLineId: null,
      calleePhone: given?.number ?? null,
      callerPhone: null,
    });
    if (found.calleeId !== null && found.calleeId === found.callerId) throw noSingleCallee();
    const callerId = found.callerId ?? '';
    const { number, extension } = given ?? {
      number: found.parties.calleePhone,
      extension: found.parties.calleeExtension,
    };
    const parties = { ...found.parties, calleePhone: number, calleeExtension: extension };
    const onRoute = number === null ? undefined : this.providers.routeTo(number);
    const diallers = number === null || !onRoute ? [] : dialling(onRoute.providers, number, extension);
    const route = onRoute && { ...onRoute, providers: diallers };
    const call = { callerId, calleePhone: number, isServiceLine: false, lineCallsAtOnce: null };
    const { bill, money } = await this.spending.fitting(
      this.spending.billOf(callToPay(callerId, parties, route, null)),
    );
    const facts = placingFacts({
      callerId,
      parties,
      isServiceLine: false,
      route,
      providers: this.providers.all,
      spent: await this.limits.find(call),
      isCalleeTaken: await this.limits.isTaken(call),
      hasFreeNumber: true,
      money,
    });
    const { checks, refusal } = decide(facts, this.config);
    const openCalls = await openCallsByProvider(this.database);
    const looks = (onRoute?.providers ?? []).map((provider) =>
      lookAt(provider, knownAccount(provider, callerId, parties), {
        carried: openCalls.get(provider.name) ?? 0,
        isPriced: bill === null || provider.name in bill.prices,
        dialsCallee: diallers.includes(provider),
      }),
    );
    const carrier = looks.find(({ obstacle }) => obstacle === null)?.provider ?? null;
    const providers = looks.map(({ provider, obstacle, account }) => ({
      provider,
      verdict: obstacle === null ? (provider === carrier ? 'carries' : 'stands_in') : 'passed_over',
      why: obstacle ?? account,
    })) satisfies DryRun['providers'];
    return {
      phone: number,
      route: route?.to ?? null,
      carrier: refusal === null ? carrier : null,
      why: refusal?.reason ?? (carrier === null ? NO_CARRIER : `It would go by ${carrier}.`),
      providers,
      checks,
    };
  }

  /** Open calls that count against a provider's limit, by its name. */
  openCalls(): Promise<ReadonlyMap<string, number>> {
    return openCallsByProvider(this.database);
  }
}

const noSingleCallee = (): AppError =>
  new AppError('BAD_REQUEST', {
    faults: [{ where: '/calleeId', what: 'give either calleeId or phone, and not the caller’s own id' }],
  });
