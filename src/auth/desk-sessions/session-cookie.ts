/**
 * The cookie of a session, and which requests may use it. A browser sends a cookie with every request, also with those that
 * another site causes. SameSite=Strict prevents that in today's browsers. The header prevents it in all: a form cannot set
 * it, and a script of another origin needs a preflight, which the service does not answer for it. Pure.
 */
import { hash, randomBytes } from 'node:crypto';

export interface CookieCarrier {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of the client, as reported by a trusted proxy. */
  readonly protocol: string;
}

/** A browser sets a cookie of this prefix only by https, without a Domain, for the whole host. */
const SECURE_PREFIX = '__Host-';
const NAME = 'ringback-desk';
const FLOW_NAME = 'ringback-desk-flow';
/** 256 random bits. */
const VALUE_BYTES = 32;
const VALUE = /^[\w-]{43}$/;

/** What the desk's own requests have. */
export const DESK_HEADER = 'x-ringback-desk';

export const newSessionValue = (): string => randomBytes(VALUE_BYTES).toString('base64url');

/** What is stored. The value is random, so a fast hash is enough. */
export const hashOfSession = (value: string): string => hash('sha256', value, 'base64');

/**
 * A proxy that is not trusted may end TLS as well. The browser then says so itself: by the origin, or, where it leads a person to a page
 * and names no origin, by a cookie that it sends by https alone.
 */
const isByHttps = (request: CookieCarrier): boolean =>
  request.protocol === 'https' ||
  String(request.headers.origin).startsWith('https://') ||
  [NAME, FLOW_NAME].some((name) => cookiesOf(request, `${SECURE_PREFIX}${name}`).length > 0);

/** The value of the cookie; null if there is none, or more than one. */
export const sessionValueOf = (request: CookieCarrier): string | null => {
  const values = valuesOf(request, NAME);
  const [value = ''] = values;
  return values.length === 1 && VALUE.test(value) ? value : null;
};

/** Whether the desk's page has sent the request, and not another site. */
export const isFromDesk = ({ headers }: CookieCarrier): boolean => {
  const site = headers['sec-fetch-site'] ?? 'none';
  return headers[DESK_HEADER] === '1' && (site === 'same-origin' || site === 'none');
};

export const sessionCookie = (request: CookieCarrier, value: string, maxAgeSeconds: number): string =>
  cookie(isByHttps(request), NAME, value, `SameSite=Strict; Max-Age=${maxAgeSeconds}`);

/** Under both names: a session by http would go on where one by https has ended. A browser ignores the name that it does not have. */
export const endedSessionCookies = (): string[] =>
  [true, false].map((isSecure) => cookie(isSecure, NAME, '', 'SameSite=Strict; Max-Age=0'));

/** Lax: the identity provider, another site, leads the browser back to us. */
export const flowCookie = (request: CookieCarrier, value: string, maxAgeSeconds: number): string =>
  cookie(isByHttps(request), FLOW_NAME, value, `SameSite=Lax; Max-Age=${maxAgeSeconds}`);

export const flowValueOf = (request: CookieCarrier): string | null => valuesOf(request, FLOW_NAME)[0] ?? null;

/** By https only those with the prefix: another host of the domain can set a cookie without it. */
const valuesOf = (request: CookieCarrier, name: string): string[] =>
  cookiesOf(request, isByHttps(request) ? `${SECURE_PREFIX}${name}` : name);

/** As Set-Cookie. */
const cookie = (isSecure: boolean, name: string, value: string, terms: string): string =>
  `${isSecure ? SECURE_PREFIX : ''}${name}=${value}; Path=/; HttpOnly; ${terms}${isSecure ? '; Secure' : ''}`;

const cookiesOf = ({ headers }: CookieCarrier, name: string): string[] =>
  String(headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
