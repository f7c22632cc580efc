/** The address of a request: what was asked, and what of it may be logged. */
import type { FastifyRequest } from 'fastify';

const LONGEST_LOGGED_PATH = 200;
/** Ids of ours look so, and nothing longer does. */
const LOGGED_PARAMETER = /^[\w-]{1,64}$/;
/** Longer than any name in a path of ours; a token, say. */
const LONG_SEGMENT = /[^/]{41,}/g;

/** The path without query, fragment and matrix parameters. Each of them may carry a token. */
const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => url.split(/[?#;]/, 1)[0] ?? '';

/** The matched route; where there is none, the path as the router reads it. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? decoded(pathOf(request));

/**
 * The matched route with the ids that it names. A wildcard stays one: a provider's secret may stand there. Where no route was
 * matched, the path is cut to what cannot be a secret.
 */
export const loggedPath = (request: FastifyRequest): string => {
  const { url } = request.routeOptions;
  if (url === undefined) {
    const path = decoded(pathOf(request)).replace(/(webhooks)\/.*/is, '$1/*');
    return path.replace(LONG_SEGMENT, '…').slice(0, LONGEST_LOGGED_PATH);
  }
  const parameters = request.params as Readonly<Record<string, string>>;
  return url.replace(/:(\w+)/g, (placeholder, name: string) => {
    const value = parameters[name] ?? '';
    return LOGGED_PARAMETER.test(value) ? value : placeholder;
  });
};

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};
