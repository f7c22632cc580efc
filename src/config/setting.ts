/** What an environment variable is to Ringback. */
export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** As an operator would write it; empty when there is none. */
  readonly defaultText: string;
  /** Throws an Error whose message says what was expected; it must not repeat the value, which may be a secret. */
  readonly parse: (text: string) => T;
  /** Never shown, to nobody. */
  readonly isSecret: boolean;
}

export const setting = <T>(
  name: string,
  defaultText: string,
  meaning: string,
  parse: (text: string) => T,
): Setting<T> => ({
  name,
  meaning,
  defaultText,
  parse,
  isSecret: false,
});

export const secret = <T>(...args: Parameters<typeof setting<T>>): Setting<T> => ({
  ...setting(...args),
  isSecret: true,
});
