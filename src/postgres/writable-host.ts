/**
 * Which of several hosts takes changes, as libpq finds out with `target_session_attrs=read-write`; pg knows one host. All are
 * tried at once, so that one that is silent delays nothing. The host is remembered until a connection to it fails.
 */
import type { Client } from 'pg';

/** SQLSTATE of a change where there can be none. */
export const READ_ONLY = '25006';

export interface Host {
  readonly host: string;
  readonly port: number;
}

type Trial = Client & { destroy(): void };

const remembered = new Map<string, Host>();

const keyOf = (urls: readonly string[]): string => urls.join(' ');

export const forgetHost = (urls: readonly string[]): void => {
  remembered.delete(keyOf(urls));
};

/**
 * @param clientOf a URL; it does not connect where no change is taken
 * @throws Error that tells of each host why not
 */
export const chosenHost = async (urls: readonly string[], clientOf: (url: string) => Trial): Promise<Host> => {
  const known = remembered.get(keyOf(urls));
  if (known) return known;
  const found = await writableHost(urls.map(clientOf));
  remembered.set(keyOf(urls), found);
  return found;
};

const writableHost = async (tried: readonly Trial[]): Promise<Host> => {
  for (const client of tried) client.on('error', () => undefined);
  try {
    return await Promise.any(
      tried.map(async (client) => {
        await client.connect();
        return { host: client.host, port: client.port };
      }),
    );
  } catch (error) {
    throw noneOf(tried, error as AggregateError);
  } finally {
    for (const client of tried) {
      void client.end();
      client.destroy();
    }
  }
};

const noneOf = (tried: readonly Host[], { errors }: AggregateError): Error => {
  const failures = errors as (Error & { readonly code?: unknown })[];
  const reasons = tried.map(({ host, port }, index) => `${host}:${port}: ${failures[index]?.message ?? ''}`);
  const { code } = failures.find((failure) => failure.code !== READ_ONLY) ?? failures[0] ?? {};
  return Object.assign(new Error(`none of the hosts can be used (${reasons.join('; ')})`, { cause: failures[0] }), {
    code,
  });
};
