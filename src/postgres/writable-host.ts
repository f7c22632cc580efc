/**
 * Finds the writable host among several, as libpq does with `target_session_attrs=read-write`; pg supports only one
 * host. All hosts are tried concurrently, so a silent one delays nothing. The result is cached until a connection to it
 * fails.
 */
import type { Client } from 'pg';

/** SQLSTATE of a change on a read-only server. */
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
 * @param clientOf creates a client for a URL; the client must reject a server that is not writable
 * @throws Error with the reason of each host
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
