/** The rules for the claims of an access token, independent of its signature. Pure. */
import { isExternalId, UNSTORABLE } from '../common/external-id.js';
import { isLong } from '../common/long.js';

/** The caller, from a verified token, an API key or a session of the desk. */
export interface Principal {
  /**
   * Of a token: the app's user id, a Long; or the external id, if no user has it. Of an API key: `key:` and an id, the
   * same after a rotation.
   */
  readonly subject: string;
  /** Of a token that names its user by it. The directory says whose it is (external-ids.ts). */
  readonly externalId?: string;
  readonly scopes: ReadonlySet<string>;
  /** The token's `jti`, or the name of a session of the desk; for the audit. Absent for an API key. */
  readonly tokenId?: string;
  /** When the token expires: its `exp` plus the leeway. Milliseconds since the epoch; Infinity for never. */
  readonly expiresAt: number;
  /** Aborts when the API key is revoked, when the person has signed out at the desk, or when either has expired. Absent for a token. */
  readonly ended?: AbortSignal;
  /** Absent for a token, and for a session of the desk. */
  readonly apiKey?: { readonly id: string };
}

/** An identity provider's `jti` is a UUID or a little more; every cached token keeps it. */
const LONGEST_TOKEN_ID = 100;

type Claims = Readonly<Record<string, unknown>>;

/** Null if the token names no user or never expires. `scope` as in RFC 8693 §4.2. */
export const principalOf = (claims: Claims, userClaim = 'sub', leewaySeconds = 0): Principal | null => {
  const { [userClaim]: user, exp, scope, jti } = claims;
  // JSON has 1e400, which is read as Infinity.
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return null;
  const principal = {
    scopes: new Set(typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []),
    ...(typeof jti === 'string' && { tokenId: storable(jti.slice(0, LONGEST_TOKEN_ID)) }),
    expiresAt: (exp + leewaySeconds) * 1_000,
  };
  if (isLong(user)) return { subject: user, ...principal };
  return isExternalId(user) ? { subject: user, externalId: user, ...principal } : null;
};

/** An entry of the audit that PostgreSQL cannot store would keep the token's owner out. */
const storable = (text: string): string => text.replace(EACH_UNSTORABLE, '\ufffd');

const EACH_UNSTORABLE = new RegExp(UNSTORABLE, 'gu');

export interface TokenCarrier {
  readonly headers: { readonly authorization?: string | undefined };
  readonly query?: unknown;
}

/** RFC 6750 §2.1: `"Bearer" 1*SP b64token`. */
const BEARER = /^Bearer +([\w.~+/=-]+)$/i;
/** Any attempt at a Bearer token. Other schemes belong to proxies in front; an empty header is ignored. */
const CLAIMS_TO_BE_BEARER = /^Bearer +\S/i;

const inQuery = ({ query }: TokenCarrier): unknown =>
  (query as { access_token?: unknown } | undefined)?.access_token ?? '';

/** The token of a request, from the query or the header. Null if there is none, or more than one (RFC 6750 §2). */
export const tokenOf = (request: TokenCarrier): string | null => {
  const { authorization = '' } = request.headers;
  const fromQuery = inQuery(request);
  if (fromQuery === '') return BEARER.exec(authorization)?.[1] ?? null;
  return typeof fromQuery !== 'string' || CLAIMS_TO_BE_BEARER.test(authorization) ? null : fromQuery;
};

export const isInQuery = (request: TokenCarrier): boolean => inQuery(request) !== '';

export const hasSeveralTokens = (request: TokenCarrier): boolean => {
  const fromQuery = inQuery(request);
  return typeof fromQuery !== 'string' || (fromQuery !== '' && isAttempt(request));
};

/** Whether the header has a token, well-formed or not. */
export const isAttempt = ({ headers }: TokenCarrier): boolean => CLAIMS_TO_BE_BEARER.test(headers.authorization ?? '');
