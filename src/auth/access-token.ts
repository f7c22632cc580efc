/** The rules of an access token that hold whoever signed it. Pure. */
import { isLong } from '../common/long.js';

/** Who is calling, out of a verified token. */
export interface Principal {
  /** The app's user id, a Long. */
  readonly userId: string;
  readonly scopes: ReadonlySet<string>;
  /** Of the token; milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface Claims {
  readonly sub?: unknown;
  readonly exp?: unknown;
  readonly scope?: unknown;
}

/** Null where the token, though genuine, names no user of ours or never expires. `scope` as in RFC 8693 §4.2. */
export const principalOf = (claims: Claims): Principal | null => {
  if (!isLong(claims.sub) || typeof claims.exp !== 'number') return null;
  const scope = typeof claims.scope === 'string' ? claims.scope : '';
  return { userId: claims.sub, scopes: new Set(scope.split(' ').filter(Boolean)), expiresAt: claims.exp * 1_000 };
};

interface TokenCarrier {
  readonly headers: { readonly authorization?: string | undefined };
  readonly query?: unknown;
}

/** The token of a request, from the query or the header. Null where there is none, or more than one (RFC 6750 §2). */
export const tokenOf = (request: TokenCarrier): string | null => {
  const fromQuery = (request.query as { access_token?: unknown } | undefined)?.access_token;
  const header = request.headers.authorization;
  if (fromQuery !== undefined && header !== undefined) return null;
  if (fromQuery !== undefined) return typeof fromQuery === 'string' && fromQuery !== '' ? fromQuery : null;
  return /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? '')?.[1] ?? null;
};
