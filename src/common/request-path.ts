/** The path of a request, and its loggable form. */
import type { FastifyRequest } from 'fastify';

const LONGEST_LOGGED_PATH = 200;
/**
 * An id of a user, a call or an endpoint, or a short lower-case name such as a provider's. Any other segment may be a
 * secret: the end of a webhook path, or a token in the wrong place. Ten to fifteen digits may be a phone number (E.164 has
 * at most fifteen).
 */
const LOGGED_SEGMENT = /^(?:\d{1,9}|\d{16,32}|v\d|[a-z][a-z-]{0,19}|callState|callCancel|callService)$/;

/** Of a path without a route. Further ones may be the secret of a webhook path that is misspelt. */
const LOGGED_SEGMENTS = 2;

/** The path without query, fragment and matrix parameters, because each may contain a token. */
const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => url.split(/[?#;]/, 1)[0] ?? '';

/** An absolute-form target (RFC 9112, 3.2.2) names the same resource. */
export const withoutOrigin = (target: string): string =>
  target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/^(?!\/)/, '/');

/** The matched route, or else the decoded path. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? decoded(pathOf(request));

/**
 * The matched route with its ids. A wildcard is not replaced, because it may be a provider's secret. Without a route,
 * only segments that cannot be secrets are shown.
 */
export const loggedPath = (request: FastifyRequest): string => {
  const { url } = request.routeOptions;
  if (url === undefined) {
    const path = decoded(pathOf(request)).replace(/(webhooks)\/.*/is, '$1/*');
    let segments = 0;
    const shown = path.replace(/[^/]+/g, (segment) => (++segments > LOGGED_SEGMENTS ? '…' : segmentOf(segment, '…')));
    return shown.slice(0, LONGEST_LOGGED_PATH);
  }
  const parameters = request.params as Readonly<Record<string, string>>;
  return url.replace(/:(\w+)/g, (placeholder, name: string) => {
    return segmentOf(parameters[name] ?? '', placeholder);
  });
};

const segmentOf = (segment: string, otherwise: string): string =>
  segment === '*' || LOGGED_SEGMENT.test(segment) ? segment : otherwise;

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};
