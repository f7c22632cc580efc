/**
 * A provider that is configured several times, such as two Asterisks, is named `<kind>@<own name>` each time. Routes may
 * name one or the kind. The users' sub-accounts and the prices are those of the kind. Pure.
 */

/** The name itself for a provider that is configured once. */
export const kindOf = (provider: string): string => provider.split('@', 1)[0] ?? provider;

/** Whether a route or an order that names `named` allows this provider. */
export const isNamedBy = (provider: string, named: string): boolean => provider === named || kindOf(provider) === named;

interface Weighted {
  readonly weight: number;
  /** False if its event stream is lost. */
  isListening(): boolean;
}

/**
 * A random order: the first place goes to each by its weight. Those without a stream come last.
 * @param random at least 0 and below 1
 */
export const spread = <T extends Weighted>(providers: readonly T[], random: () => number = Math.random): T[] => {
  if (providers.length < 2) return [...providers];
  // Of exponentially distributed waits, one ends first with the probability of its rate.
  const waits = new Map(providers.map((provider) => [provider, -Math.log(1 - random()) / provider.weight]));
  const waitOf = (provider: T): number => waits.get(provider) ?? 0;
  return [...providers].sort(
    (one, other) => Number(other.isListening()) - Number(one.isListening()) || waitOf(one) - waitOf(other),
  );
};
