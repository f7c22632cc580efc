/** What a browser asks for on its own account: the bare address and an icon. Neither says anything about calls or users. */
import type { FastifyInstance } from 'fastify';

const NO_CONTENT = { 'content-security-policy': "default-src 'none'" };

/** Relative, so that it also holds behind a proxy that serves Ringback under a path of its own. */
const API_PAGE = './docs/';

export const serveFrontPage = (server: FastifyInstance): void => {
  server.get('/', (_request, reply) => reply.headers(NO_CONTENT).redirect(API_PAGE));
  server.get('/favicon.ico', (_request, reply) => reply.headers(NO_CONTENT).code(204).send());
};
