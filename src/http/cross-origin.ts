/** Web apps of other origins (CORS): none, or those that the operator has named. Tokens are theirs to send; we set no cookie. */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ERROR_NAME_HEADER } from '../common/error-body.js';
import type { Config } from '../config/config.js';

const ALLOWED: FastifyCorsOptions = {
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type', 'last-event-id'],
  exposedHeaders: ['location', 'retry-after', 'www-authenticate', ERROR_NAME_HEADER, 'x-request-id'],
  maxAge: 600,
};

export const allowOrigins = (server: FastifyInstance, { corsOrigins }: Config): void => {
  if (corsOrigins.length === 0) return;
  void server.register(cors, {
    delegator: (
      { headers }: FastifyRequest,
      done: (error: Error | null, options: FastifyCorsOptions) => void,
    ): void => {
      // An OPTIONS request that is no preflight goes on to its 405.
      const preflight = 'access-control-request-method' in headers;
      const origin = corsOrigins.find((allowed) => allowed === headers.origin);
      done(null, origin === undefined ? { origin: false } : { ...ALLOWED, origin, preflight });
    },
  });
};
