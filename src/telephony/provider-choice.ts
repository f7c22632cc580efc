import type { GuardedProvider } from './guarded-provider.js';
import { routeTo, type Route } from './routes.js';

/** What a provider takes of us; null is no limit. The same for all replicas together. */
export interface ProviderLimits {
  readonly callsPerSecond: number | null;
  readonly callsAtOnce: number | null;
}

export const UNLIMITED: ProviderLimits = { callsPerSecond: null, callsAtOnce: null };

export interface ConfiguredProvider {
  readonly provider: GuardedProvider;
  readonly limits: ProviderLimits;
  /** Whether a user who has no sub-account there is given one at their first call. */
  readonly makesSubAccounts: boolean;
  /** What an operator may see of its settings, by variable. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RouteTaken {
  /** As it stands in the configuration. */
  readonly to: string;
  readonly providers: readonly GuardedProvider[];
}

/** The providers that this service runs, and which of them may carry a new call. */
export class ProviderChoice {
  readonly all: readonly GuardedProvider[];
  private readonly byName: ReadonlyMap<string, ConfiguredProvider>;

  /** @param region of national numbers, which have no country in them */
  constructor(
    readonly configured: readonly ConfiguredProvider[],
    readonly routes: readonly Route[],
    private readonly region: string,
  ) {
    this.all = configured.map(({ provider }) => provider);
    this.byName = new Map(configured.map((one) => [one.provider.name, one]));
  }

  /** The provider that a call was placed with; undefined where it is no longer configured. */
  named(name: string): GuardedProvider | undefined {
    return this.byName.get(name)?.provider;
  }

  makesSubAccounts(provider: GuardedProvider): boolean {
    return this.byName.get(provider.name)?.makesSubAccounts ?? false;
  }

  limitsOf(provider: GuardedProvider): ProviderLimits {
    return this.byName.get(provider.name)?.limits ?? UNLIMITED;
  }

  /** Undefined where no route leads to the number. */
  routeTo(number: string): RouteTaken | undefined {
    const route = routeTo(this.routes, number, this.region);
    return route && { to: route.to, providers: route.providers.flatMap((name) => this.named(name) ?? []) };
  }
}
