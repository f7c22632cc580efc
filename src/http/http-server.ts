/**
 * The HTTP server under Nest: its limits, and the hooks of every request. Fastify must not answer HEAD with a GET
 * handler, because some GETs here ring a phone.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import '../auth/access.js';
import { limitConnections } from './connection-limits.js';
import { allowOrigins } from './cross-origin.js';
import { plainAddress } from '../common/address-ranges.js';
import type { Draining } from '../common/draining.js';
import { AppError } from '../common/error-table.js';
import { runWithLogContext, type LogContext } from '../common/log-context.js';
import type { Logger } from '../common/logger.js';
import { isLong } from '../common/long.js';
import { maskPhonesIn } from '../common/phone-number.js';
import { carryTraceParent } from '../common/tracing.js';
import { loggedPath, withoutOrigin } from '../common/request-path.js';
import type { Config } from '../config/config.js';
import {
  answerClientError,
  MAX_HEADER_BYTES,
  nodeServerOptions,
  REQUEST_TIMES,
  type RequestTimes,
} from './node-server.js';
import { measureRequests } from './request-metrics.js';
import { refuseBadHeads } from './bad-heads.js';
import { parseBodies } from './request-bodies.js';
import { setResponseHeaders } from './response-headers.js';
import { refuseUnknownPaths } from './served-methods.js';
import { closeAfterEarlyResponses } from './slow-close.js';
import { forwardedRequestId, readForwardedAddresses, trustOf } from './trusted-proxies.js';

/** Longer than any request head allows, so that a malformed id of any length reaches the route that refuses it. */
const LONGEST_PARAMETER = MAX_HEADER_BYTES;
const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    logContext: LogContext;
    isRoutine: boolean;
  }
  interface FastifyContextConfig {
    /** So frequent that successful requests are logged at debug only. */
    isRoutine?: true;
  }
}

/**
 * A random prefix per process and a counter: random bytes per request would cost as much as the cache look-up that
 * answers it.
 */
const processId = randomBytes(6).toString('hex');
let requests = 0;
const nextRequestId = (): string => `${processId}-${(++requests).toString(36)}`;

export const createHttpServer = (
  config: Config,
  logger: Logger,
  draining: Draining,
  times: RequestTimes = REQUEST_TIMES,
): FastifyAdapter => {
  const trust = trustOf(config);
  const adapter = new FastifyAdapter({
    exposeHeadRoutes: false,
    // Applied once nothing is in flight. Otherwise an idle connection would block the shutdown indefinitely.
    forceCloseConnections: true,
    trustProxy: trust ?? false,
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: times.limitMs,
    http: nodeServerOptions(times),
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // All later code sees the rewritten URL.
    rewriteUrl: (request: IncomingMessage) => withReachableIds(withoutOrigin(request.url ?? '/')),
    genReqId: (request: IncomingMessage) => (trust && forwardedRequestId(request, trust)) ?? nextRequestId(),
    clientErrorHandler: answerClientError,
  });
  const server = adapter.getInstance<FastifyInstance>();
  limitConnections(server.server, draining);
  if (trust) readForwardedAddresses(server);
  setResponseHeaders(server, trust);
  logRequests(server, logger);
  measureRequests(server);
  refuseBadHeads(server);
  closeAfterEarlyResponses(server);
  allowOrigins(server, config);
  // After the CORS headers: without them a browser hides the 503 from the app.
  server.after(() => {
    refuseWhileDraining(server, draining);
    refuseUnknownPaths(server);
  });
  parseBodies(server);
  return adapter;
};

/** A percent sign, or an empty id. Rare, and tested for every request. */
const MAY_HIDE_ITS_ID = /^[^?]*(?:%|\/(?=[/?]|$))/;

/**
 * The contract has a reply for every id, even an impossible one. An invalid escape as in /callState/%zz is escaped, so
 * it names an unknown id instead of causing the router's 400. An empty id likewise must not cause Nest's 404.
 */
const withReachableIds = (url: string): string => {
  if (!MAY_HIDE_ITS_ID.test(url)) return url;
  const [path = '', ...query] = url.split('?');
  return [withoutTrailingSlash(withoutEmptyIds(withoutBrokenEscapes(path))), ...query].join('?');
};

const withoutBrokenEscapes = (path: string): string => {
  try {
    decodeURIComponent(path);
    return path;
  } catch {
    return path.replaceAll('%', '%25');
  }
};

const withoutEmptyIds = (path: string): string =>
  path.replace(/^(\/v1\/app\/(?:call|callCancel|callState)\/)(?=\/|$)/, '$1%20');

/** The servers of 2016 accepted a trailing slash, and clients in the field send it. */
const withoutTrailingSlash = (path: string): string => path.replace(/^(\/v1\/app\/.*[^/])\/$/s, '$1');

const logRequests = (server: FastifyInstance, logger: Logger): void => {
  server.decorateRequest('logContext');
  server.decorateRequest('isRoutine', false);
  server.addHook('onRoute', (route) => {
    if (!route.config?.isRoutine) {
      // Otherwise a client that always leaves before its response would appear nowhere. A listener for each routine
      // request would cost too much.
      route.onRequest = [route.onRequest ?? []].flat().concat((request, { raw }, done) => {
        // A closed socket has no address.
        const address = addressOf(request);
        raw.once('close', () => {
          if (!raw.writableFinished) logger.info({ ...lineOf(request), address, isAborted: true }, 'request');
        });
        done();
      });
      return;
    }
    route.onRequest = [route.onRequest ?? []].flat().concat((request, _reply, done) => {
      request.isRoutine = true;
      done();
    });
  });
  server.addHook('onRequest', (request, reply, done) => {
    request.logContext = { requestId: request.id };
    void reply.header('x-request-id', request.id);
    done();
  });
  // Only after the body is read: reading continues in the socket's async context, not in the request's.
  server.addHook('preValidation', (request, _reply, done) => {
    carryTraceParent(request.headers.traceparent, () => {
      runWithLogContext(request.logContext, done);
    });
  });
  server.addHook('onResponse', (request, reply, done) => {
    const level = request.isRoutine && !request.errorCode ? 'debug' : 'info';
    if (logger.isLevelEnabled(level)) {
      const ms = Math.round(reply.elapsedTime * 10) / 10;
      logger[level]({ ...lineOf(request), address: addressOf(request), status: reply.statusCode, ms }, 'request');
    }
    done();
  });
};

const lineOf = (request: FastifyRequest) => ({
  ...request.logContext,
  method: request.method,
  // Never the query, because it contains the token.
  path: loggedPath(request),
  ...callerIn(request),
  error: request.errorCode,
  reason: request.errorReason,
});

/** As reported by trusted proxies. Undefined once the client has left. */
const addressOf = ({ ip }: { readonly ip?: string }): string | undefined =>
  ip === undefined ? undefined : plainAddress(ip);

/** An API key's text is never logged. An external id that nobody has may be a mailbox with a phone's name. */
const callerIn = ({ user }: FastifyRequest) => {
  if (!user) return {};
  const { apiKey, subject } = user;
  return apiKey ? { apiKey: apiKey.id } : { userId: isLong(subject) ? subject : maskPhonesIn(subject) };
};

/** Liveness stays available: an orchestrator must not kill a process that is finishing. */
const ANSWERED_TO_THE_LAST = '/health/live';

const refuseWhileDraining = (server: FastifyInstance, draining: Draining): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (draining.hasBegun && request.routeOptions.url !== ANSWERED_TO_THE_LAST) {
      void reply.header('connection', 'close');
      done(new AppError('UNAVAILABLE', { retryAfterSeconds: 1 }));
    } else done();
  });
};
