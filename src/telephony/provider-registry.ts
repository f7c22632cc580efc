import type { ProviderRequest } from './provider-request.js';
import type { ResilientProvider } from './resilient-provider.js';
import { isNamedBy, spread } from './provider-kind.js';
import { routeTo, type Route } from './routes.js';

export interface ConfiguredProvider {
  readonly provider: ResilientProvider;
  /** The settings that an operator may see, by variable. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RouteTaken {
  /** As written in the configuration. */
  readonly to: string;
  readonly providers: readonly ResilientProvider[];
}

/** The configured providers, and the routes that select among them. */
export class ProviderRegistry {
  readonly all: readonly ResilientProvider[];
  /** What sub-accounts and prices are for: the names, without those of several providers of one kind. */
  readonly kinds: readonly string[];
  private readonly byName: ReadonlyMap<string, ResilientProvider>;

  /** @param region of national numbers, which have no country code */
  constructor(
    readonly configured: readonly ConfiguredProvider[],
    readonly routes: readonly Route[],
    private readonly region: string,
  ) {
    this.all = configured.map(({ provider }) => provider);
    this.kinds = [...new Set(this.all.map(({ kind }) => kind))];
    this.byName = new Map(this.all.map((provider) => [provider.name, provider]));
  }

  /** The provider of that name; undefined if it is no longer configured. */
  named(name: string): ResilientProvider | undefined {
    return this.byName.get(name);
  }

  /** The provider of that name, or those of that kind. */
  namedBy(name: string): ResilientProvider[] {
    return this.all.filter((provider) => isNamedBy(provider.name, name));
  }

  /** Requests to any provider about a call (ResilientProvider.recentRequests), in the order of time. */
  recentRequests(callSid: string): ProviderRequest[] {
    return this.all
      .flatMap((provider) => provider.recentRequests(callSid))
      .sort((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
  }

  /**
   * Undefined if no route matches the number.
   * @param only the one route that may be taken, as written in the configuration; null for the first that matches
   */
  routeTo(number: string, only: string | null = null): RouteTaken | undefined {
    const route = routeTo(
      only === null ? this.routes : this.routes.filter(({ to }) => to === only),
      number,
      this.region,
    );
    if (!route) return undefined;
    const providers = new Set(route.providers.flatMap((name) => spread(this.namedBy(name))));
    return { to: route.to, providers: [...providers] };
  }
}
