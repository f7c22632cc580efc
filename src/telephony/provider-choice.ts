import type { TelephonyProvider } from './telephony-provider.js';

/** The providers that this service runs, and which of them carries a new call. */
export class ProviderChoice {
  private readonly byName: ReadonlyMap<string, TelephonyProvider>;

  constructor(private readonly providers: readonly [TelephonyProvider, ...TelephonyProvider[]]) {
    this.byName = new Map(providers.map((provider) => [provider.name, provider]));
  }

  get all(): readonly TelephonyProvider[] {
    return this.providers;
  }

  /** Carries new calls. */
  get preferred(): TelephonyProvider {
    return this.providers[0];
  }

  /** The provider that an open call was placed with; undefined where it is no longer configured. */
  named(name: string): TelephonyProvider | undefined {
    return this.byName.get(name);
  }
}
