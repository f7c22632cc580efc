/** A setting: an environment variable that Ringback reads. */
export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** As an operator would write it; empty if there is none. */
  readonly defaultText: string;
  /** Throws an Error with what was expected. The message must not repeat the value, which may be a secret. */
  readonly parse: (text: string) => T;
  /** The value of a secret is never shown. */
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
