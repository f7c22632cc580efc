/** Headers of every response, whatever it is; pages set a policy of their own beside them. */
import type { FastifyInstance } from 'fastify';
import type { Trust } from './trusted-proxies.js';

/** No response may be kept, none names its address (a token may be in it) to the next site, and none is what it does not say. */
export const RESPONSE_HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** A year, as browsers' preload lists demand. Of this name alone: what else is under the domain is not ours to decide. */
const HTTPS_ONLY = 'max-age=31536000';

export const setResponseHeaders = (server: FastifyInstance, trust: Trust | null): void => {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers(RESPONSE_HEADERS);
    // We speak http ourselves, so that only a trusted proxy can tell.
    if (trust && request.protocol === 'https') void reply.header('strict-transport-security', HTTPS_ONLY);
    done();
  });
};
