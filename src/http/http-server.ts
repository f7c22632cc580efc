/**
 * The HTTP server under Nest: its limits, and what holds for every request whatever it asks. Fastify is told not to
 * answer HEAD where there is a GET, because some GETs here ring a phone.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import '../auth/access.js';
import { limitConnections } from './connection-limits.js';
import { allowOrigins } from './cross-origin.js';
import { plainAddress } from '../common/address-ranges.js';
import type { Draining } from '../common/draining.js';
import { AppError } from '../common/error-table.js';
import { runWithLogContext, type LogContext } from '../common/log-context.js';
import type { Logger } from '../common/logger.js';
import { loggedPath, withoutOrigin } from '../common/request-path.js';
import type { Config } from '../config/config.js';
import {
  answerClientError,
  MOST_HEADER_BYTES,
  nodeServerOptions,
  REQUEST_TIMES,
  type RequestTimes,
} from './node-server.js';
import { refuseBadHeads } from './bad-heads.js';
import { parseBodies } from './request-bodies.js';
import { setResponseHeaders } from './response-headers.js';
import { refuseUnknownPaths } from './served-methods.js';
import { closeAfterEarlyResponses } from './slow-close.js';
import { forwardedRequestId, readForwardedAddresses, trustOf } from './trusted-proxies.js';

/** Longer than any header allows, so that a malformed id of any length reaches the route that knows its answer. */
const LONGEST_PARAMETER = MOST_HEADER_BYTES;
const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    logContext: LogContext;
    isRoutine: boolean;
  }
  interface FastifyContextConfig {
    /** So frequent that a request which went well is no news to an operator. */
    isRoutine?: true;
  }
}

/** Random once a process, then counted: random bytes for each request would cost as much as the look into memory for its answer. */
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
    // Once nothing is in flight; a connection that never asked anything would otherwise hold us up for as long as it likes.
    forceCloseConnections: true,
    trustProxy: trust ?? false,
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: times.limitMs,
    http: nodeServerOptions(times),
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // Nothing behind this line sees another address.
    rewriteUrl: (request: IncomingMessage) => withReachableIds(withoutOrigin(request.url ?? '/')),
    genReqId: (request: IncomingMessage) => (trust && forwardedRequestId(request, trust)) ?? nextRequestId(),
    clientErrorHandler: answerClientError,
  });
  const server = adapter.getInstance<FastifyInstance>();
  limitConnections(server.server, draining);
  if (trust) readForwardedAddresses(server);
  setResponseHeaders(server, trust);
  logRequests(server, logger);
  refuseBadHeads(server);
  closeAfterEarlyResponses(server);
  allowOrigins(server, config);
  // After the headers of a web app's origin, without which a browser shows the app no 503.
  server.after(() => {
    refuseWhileDraining(server, draining);
    refuseUnknownPaths(server);
  });
  parseBodies(server);
  return adapter;
};

/** A percent sign or nothing where an id would be; hardly ever, and this is asked of every request. */
const MAY_HIDE_ITS_ID = /^[^?]*(?:%|\/(?=[/?]|$))/;

/**
 * The contract answers for every id, also one that cannot be: with its percent signs escaped, /callState/%zz asks for an
 * id that does not exist and is no reason for the router's own 400; nor is an id of no characters one for Nest's 404.
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

/** The servers of 2016 took it, and clients in the field write it. */
const withoutTrailingSlash = (path: string): string => path.replace(/^(\/v1\/app\/.*[^/])\/$/s, '$1');

const logRequests = (server: FastifyInstance, logger: Logger): void => {
  server.decorateRequest('logContext');
  server.decorateRequest('isRoutine', false);
  server.addHook('onRoute', (route) => {
    if (!route.config?.isRoutine) return;
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
  // Not before the body is there: reading it goes on in the socket's context, not in the request's.
  server.addHook('preValidation', (request, _reply, done) => {
    runWithLogContext(request.logContext, done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const level = request.isRoutine && !request.errorCode ? 'debug' : 'info';
    if (logger.isLevelEnabled(level)) {
      const line = {
        ...request.logContext,
        method: request.method,
        // Never the query: it carries the token.
        path: loggedPath(request),
        status: reply.statusCode,
        userId: request.user?.userId,
        // By the word of trusted proxies.
        address: plainAddress(request.ip),
        error: request.errorCode,
        reason: request.errorReason,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      };
      logger[level](line, 'request');
    }
    done();
  });
};

/** Liveness is not new work: an orchestrator must not take a process that is finishing for a dead one. */
const ANSWERED_TO_THE_LAST = '/health/live';

const refuseWhileDraining = (server: FastifyInstance, draining: Draining): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (draining.hasBegun && request.routeOptions.url !== ANSWERED_TO_THE_LAST) {
      void reply.header('connection', 'close');
      done(new AppError('UNAVAILABLE', { retryAfterSeconds: 1 }));
    } else done();
  });
};
