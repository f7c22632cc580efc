/**
 * Shows which provider a call would take, and why, without placing it. Uses the same route, sub-accounts and limits,
 * and sends no request to a provider.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { CONFIG, type Config } from '../../config/config.js';
import { dialablePhone } from '../../directory/dialable-phone.js';
import { destinationObstacle } from '../../protection/destination-rules.js';
import { DirectoryService, type Parties } from '../../directory/directory.service.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { calleeInACall, calleeSuppressed } from './not-placed.js';
import { PlacingLimits } from './placing-limits.js';
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
}

@Injectable()
export class DryRunService {
  private readonly limits: PlacingLimits;

  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly providers: ProviderRegistry,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.limits = new PlacingLimits(database, config);
  }

  /** @throws AppError BAD_REQUEST without a callee, with two, or for a number that cannot be dialled */
  async dryRun({ callerId, calleeId, phone }: CallToTry): Promise<DryRun> {
    if ((calleeId === undefined) === (phone === undefined) || calleeId === callerId) throw noSingleCallee();
    const calleePhone = phone === undefined ? null : dialablePhone(phone, this.config.phoneRegion);
    const found = await this.directory.findNamedParties({
      caller: callerId,
      callee: calleeId ?? null,
      serviceLineId: null,
      calleePhone,
      callerPhone: null,
    });
    if (found.calleeId !== null && found.calleeId === found.callerId) throw noSingleCallee();
    const { parties } = found;
    const number = calleePhone ?? parties.calleePhone;
    const route = number === null ? undefined : this.providers.routeTo(number);
    const openCalls = await openCallsByProvider(this.database);
    const looks = (route?.providers ?? []).map((provider) =>
      lookAt(provider, parties, openCalls.get(provider.name) ?? 0),
    );
    const carrier = looks.find(({ obstacle }) => obstacle === null)?.provider ?? null;
    const providers = looks.map(({ provider, obstacle, account }) => ({
      provider,
      verdict: obstacle === null ? (provider === carrier ? 'carries' : 'stands_in') : 'passed_over',
      why: obstacle ?? account,
    })) satisfies DryRun['providers'];
    const refusal =
      refusalOf(parties, number, this.config) ??
      routeRefusal(route !== undefined, carrier) ??
      (await this.limitRefusal(found.callerId ?? '', number));
    return {
      phone: number,
      route: route?.to ?? null,
      carrier: refusal === null ? carrier : null,
      why: refusal ?? `It would go by ${String(carrier)}.`,
      providers,
    };
  }

  private async limitRefusal(callerId: string, calleePhone: string | null): Promise<string | null> {
    if (calleePhone === null) return null;
    const call = { callerId, calleePhone, isServiceLine: false };
    const refusal = (await this.limits.refusal(call)) ?? ((await this.limits.isTaken(call)) ? calleeInACall() : null);
    return refusal?.reason ?? null;
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

const lookAt = (provider: ResilientProvider, parties: Parties, carried: number) => ({
  provider: provider.name,
  account: accountAt(provider, parties),
  obstacle: obstacleOf(provider, parties, carried),
});

const accountAt = (provider: ResilientProvider, parties: Parties): string => {
  if (parties.hasSubAccount(provider.name)) return 'The caller has a sub-account there.';
  return provider.createSubAccount
    ? 'The caller has no sub-account there yet; the call would create one.'
    : 'The caller has no sub-account there, and would call under the account of the service.';
};

const obstacleOf = (provider: ResilientProvider, parties: Parties, carried: number): string | null => {
  const { callsAtOnce } = provider.limits;
  if (!parties.hasSubAccount(provider.name) && !provider.createSubAccount && !provider.sharedAccount)
    return 'The caller has no sub-account there.';
  if (provider.isCircuitOpen) return 'It has failed repeatedly, so no calls are sent to it for a while.';
  if (callsAtOnce !== null && carried >= callsAtOnce) {
    return `Its limit of concurrent calls is reached: ${carried} of ${callsAtOnce}.`;
  }
  return null;
};

const refusalOf = (parties: Parties, number: string | null, config: Config): string | null => {
  const { callerPhone } = parties;
  if (callerPhone === null) return 'The caller has no phone, or is not known.';
  if (number === null) return 'The callee has no phone, or is not known.';
  if (number === callerPhone) return 'This is the phone of the caller.';
  const ofCaller = destinationObstacle(callerPhone, config);
  if (ofCaller !== null) return `The caller may not call: ${ofCaller}`;
  return destinationObstacle(number, config) ?? (parties.calleeSuppressed ? calleeSuppressed().reason : null);
};

const routeRefusal = (hasRoute: boolean, carrier: string | null): string | null => {
  if (!hasRoute) return 'No route leads to this number.';
  return carrier === null ? 'None of the providers on the route can carry it at the moment.' : null;
};
