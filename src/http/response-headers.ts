/** Headers of every response. Pages set their own policy in addition. */
import type { FastifyInstance } from 'fastify';
import type { Trust } from './trusted-proxies.js';

/** No response is cached. No URL, which may contain a token, is sent as referrer. No content type is guessed. */
export const RESPONSE_HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * One year, as browsers' preload lists require. Only for this host name, because other hosts of the domain are not
 * ours.
 */
const HTTPS_ONLY = 'max-age=31536000';

export const setResponseHeaders = (server: FastifyInstance, trust: Trust | null): void => {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers(RESPONSE_HEADERS);
    // This server speaks plain HTTP, so only a trusted proxy knows the client's protocol.
    if (trust && request.protocol === 'https') void reply.header('strict-transport-security', HTTPS_ONLY);
    done();
  });
};
