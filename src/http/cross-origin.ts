/**
 * Web apps of other origins (CORS): none by default, or those that the operator lists. They send tokens; no cookie is
 * set.
 */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ERROR_NAME_HEADER } from '../common/error-body.js';
import { RATE_LIMIT_HEADERS } from '../common/rate-limit-headers.js';
import type { Config } from '../config/config.js';

const ALLOWED: FastifyCorsOptions = {
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id'],
  exposedHeaders: [
    'idempotent-replayed',
    'location',
    ...RATE_LIMIT_HEADERS,
    'retry-after',
    'www-authenticate',
    ERROR_NAME_HEADER,
    'x-request-id',
  ],
  maxAge: 600,
};

export const allowOrigins = (server: FastifyInstance, { corsOrigins }: Config): void => {
  if (corsOrigins.length === 0) return;
  void server.register(cors, {
    delegator: (
      { headers }: FastifyRequest,
      done: (error: Error | null, options: FastifyCorsOptions) => void,
    ): void => {
      // An OPTIONS request that is not a preflight gets its 405.
      const preflight = 'access-control-request-method' in headers;
      const origin = corsOrigins.find((allowed) => allowed === headers.origin);
      done(null, origin === undefined ? { origin: false } : { ...ALLOWED, origin, preflight });
    },
  });
};
