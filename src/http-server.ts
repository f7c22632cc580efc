/**
 * The HTTP server under Nest: its limits, and what holds for every request whatever it asks. Fastify is told not to
 * answer HEAD where there is a GET, because some GETs here ring a phone.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import './auth/access.js';
import { limitConnections } from './connection-limits.js';
import type { Draining } from './common/draining.js';
import { AppError, ERRORS } from './common/error-table.js';
import { readJsonText } from './common/json-text.js';
import { runWithLogContext, type LogContext } from './common/log-context.js';
import type { Logger } from './common/logger.js';
import { loggedPath } from './common/request-path.js';
import type { Config } from './config/config.js';

/** A token, a long id and then some: beyond it a client is broken or hostile. Node's own default is 16 KB. */
const MOST_HEADER_BYTES = 32 * 1024;
/** Longer than any header allows, so that a malformed id of any length reaches the route that knows its answer. */
const LONGEST_PARAMETER = MOST_HEADER_BYTES;
const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024;
/** A slow or silent client may hold a connection this long. */
const REQUEST_TIMEOUT_MS = 30_000;

const METHODS: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

declare module 'fastify' {
  interface FastifyRequest {
    logContext: LogContext;
    isRoutine: boolean;
  }
  interface FastifyContextConfig {
    /** The handler has the body as the bytes that came, whatever their type. */
    rawBody?: true;
    bodyLimitBytes?: number;
    /** So frequent that a request which went well is no news to an operator. */
    isRoutine?: true;
  }
}

/** Random once a process, then counted: random bytes for each request would cost as much as the look into memory for its answer. */
const processId = randomBytes(6).toString('hex');
let requests = 0;
const nextRequestId = (): string => `${processId}-${(++requests).toString(36)}`;

export const createHttpServer = (config: Config, logger: Logger, draining: Draining): FastifyAdapter => {
  const adapter = new FastifyAdapter({
    exposeHeadRoutes: false,
    // Once nothing is in flight; a connection that never asked anything would otherwise hold us up for as long as it likes.
    forceCloseConnections: true,
    trustProxy: config.trustProxy,
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { maxHeaderSize: MOST_HEADER_BYTES },
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    rewriteUrl: (request: IncomingMessage) => withReachableIds(withoutOrigin(request.url ?? '/')),
    genReqId: nextRequestId,
    clientErrorHandler(error, socket) {
      if (!socket.writable || socket.destroyed) return;
      const { code, message } = error.code === 'HPE_HEADER_OVERFLOW' ? ERRORS.TOO_LARGE : ERRORS.BAD_REQUEST;
      const body = JSON.stringify({ returnCode: code, returnMsg: message });
      socket.end(
        `HTTP/1.1 ${code} Refused\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    },
  });
  const server = adapter.getInstance<FastifyInstance>();
  limitConnections(server.server, draining);
  logRequests(server, logger);
  refuseWhileDraining(server, draining);
  neverCache(server);
  parseBodies(server);
  return adapter;
};

/** An absolute-form target (RFC 9112, 3.2.2) names the same resource, so nothing behind this line sees another address. */
const withoutOrigin = (url: string): string =>
  url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/^(?!\/)/, '/');

/** A percent sign or nothing where an id would be; hardly ever, and this is asked of every request. */
const MAY_HIDE_ITS_ID = /^[^?]*(?:%|\/(?=[/?]|$))/;

/**
 * The contract answers for every id, also one that cannot be: with its percent signs escaped, /callState/%zz asks for an
 * id that does not exist and is no reason for the router's own 400; nor is an id of no characters one for Nest's 404.
 */
const withReachableIds = (url: string): string => {
  if (!MAY_HIDE_ITS_ID.test(url)) return url;
  const [path = '', ...query] = url.split('?');
  return [withoutEmptyIds(withoutBrokenEscapes(path)), ...query].join('?');
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
        address: request.ip,
        error: request.errorCode,
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

const neverCache = (server: FastifyInstance): void => {
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    done();
  });
};

const parseBodies = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (route.config?.bodyLimitBytes) route.bodyLimit = route.config.bodyLimitBytes;
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.rawBody) done(null, body);
    else if (/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
      readJsonText(body.toString('utf8')).then((value) => {
        done(null, value);
      }, done);
    } else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
};

/**
 * Every path answers 405 to the methods it does not have, HEAD and OPTIONS among them, instead of pretending that it does
 * not exist.
 */
export const collectRoutes = (server: FastifyInstance): { refuseOtherMethods(): void } => {
  const methodsByPath = new Map<string, Set<HTTPMethods>>();
  server.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set();
    for (const one of Array.isArray(method) ? method : [method]) methods.add(one);
    methodsByPath.set(url, methods);
  });
  return {
    refuseOtherMethods() {
      for (const [url, allowed] of [...methodsByPath]) {
        const others = METHODS.filter((method) => !allowed.has(method));
        if (url.includes('*') || others.length === 0) continue;
        const allow = [...allowed].join(', ');
        server.route({
          url,
          method: [...others],
          handler: (_request, reply) => {
            void reply.header('allow', allow);
            throw new AppError('METHOD_NOT_ALLOWED');
          },
        });
      }
    },
  };
};
