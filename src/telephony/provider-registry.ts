import type { ResilientProvider } from './resilient-provider.js';
import { routeTo, type Route } from './routes.js';

export interface ConfiguredProvider {
  readonly provider: ResilientProvider;
  /** What an operator may see of its settings, by variable. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface RouteTaken {
  /** As it stands in the configuration. */
  readonly to: string;
  readonly providers: readonly ResilientProvider[];
}

/** The providers that this service runs, and which of them may carry a new call. */
export class ProviderRegistry {
  readonly all: readonly ResilientProvider[];
  private readonly byName: ReadonlyMap<string, ResilientProvider>;

  /** @param region of national numbers, which have no country in them */
  constructor(
    readonly configured: readonly ConfiguredProvider[],
    readonly routes: readonly Route[],
    private readonly region: string,
  ) {
    this.all = configured.map(({ provider }) => provider);
    this.byName = new Map(this.all.map((provider) => [provider.name, provider]));
  }

  /** The provider that a call was placed with; undefined where it is no longer configured. */
  named(name: string): ResilientProvider | undefined {
    return this.byName.get(name);
  }

  /** Undefined where no route leads to the number. */
  routeTo(number: string): RouteTaken | undefined {
    const route = routeTo(this.routes, number, this.region);
    return route && { to: route.to, providers: route.providers.flatMap((name) => this.named(name) ?? []) };
  }
}
