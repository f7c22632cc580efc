/**
 * The bare address and the icon, which browsers request by themselves. Neither reveals anything about calls or users.
 */
import type { FastifyInstance } from 'fastify';

const NO_CONTENT = { 'content-security-policy': "default-src 'none'" };

/** Relative, so that it also works behind a proxy with a path prefix. */
const API_PAGE = './docs/';

export const serveFrontPage = (server: FastifyInstance): void => {
  server.get('/', (_request, reply) => reply.headers(NO_CONTENT).redirect(API_PAGE));
  server.get('/favicon.ico', (_request, reply) => reply.headers(NO_CONTENT).code(204).send());
};
