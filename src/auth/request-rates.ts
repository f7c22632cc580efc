/**
 * How often a user may ask for states and cancel calls, counted in the memory of each replica. A request over its rate is
 * refused before it is read from memory or takes a connection.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import type { Config } from '../config/config.js';
import type { RequestRate } from '../config/setting-values.js';
import { isForBackends } from './access.js';
import { quotasOf, TokenBuckets } from './token-buckets.js';

/** What is counted together. Opening a stream is a poll too: both read the state of a call. */
type Counted = 'polls' | 'cancels';

declare module 'fastify' {
  interface FastifyContextConfig {
    counted?: Counted;
  }
}

/** As many as verified tokens are remembered (verified-tokens.ts). */
const MAX_USERS = 100_000;

/** Call it after the hooks for authentication, and before those that reply. */
export const limitRates = (
  server: FastifyInstance,
  { pollsPerUser, cancelsPerUser }: Pick<Config, 'pollsPerUser' | 'cancelsPerUser'>,
): void => {
  const limits = { polls: limitOf('polls', pollsPerUser), cancels: limitOf('cancels', cancelsPerUser) };
  server.addHook('onRoute', (route) => {
    const { access, counted } = route.config ?? {};
    if (!counted || !access) return;
    const limit = limits[counted](isForBackends(access));
    if (limit) route.onRequest = [route.onRequest ?? [], limit].flat();
  });
};

const limitOf = (counted: Counted, rates: readonly RequestRate[]) => {
  const buckets = new TokenBuckets(rates, MAX_USERS);
  return (isOfBackends: boolean) =>
    rates.length > 0 &&
    ((request: FastifyRequest, _reply: FastifyReply, done: (refusal?: Error) => void): void => {
      const spent = buckets.take(isOfBackends ? keyOfBackend(request) : (request.user?.subject ?? ''));
      if (spent === null) done();
      else {
        const { retryAfterSeconds } = spent;
        const name = isOfBackends ? 'REQUESTS_TOO_FREQUENT' : 'TOO_FREQUENT';
        done(new AppError(name, { retryAfterSeconds, quotas: quotasOf(counted, rates, spent) }));
      }
    });
};

const CALL_SID_LENGTH = 32;

/** A backend has any number of calls, so each of them has its own rate. Whatever else the path has is not kept. */
const keyOfBackend = ({ user, params }: FastifyRequest): string =>
  `${user?.subject ?? ''} ${(params as { callSid?: string }).callSid?.slice(0, CALL_SID_LENGTH) ?? ''}`;
