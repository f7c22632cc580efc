/** Answers unknown paths, and methods that a path does not support, before the body is read. */
import { METHODS } from 'node:http';
import type { FastifyInstance, HTTPMethods, onRequestHookHandler } from 'fastify';
import { errorBody } from '../common/error-body.js';
import { AppError } from '../common/error-table.js';

/**
 * All methods of Node's parser. CONNECT requests a tunnel, not a path, and Node closes its connection. A listener for
 * it would have to detect by itself that the client of an earlier request on the connection has disconnected.
 */
const KNOWN_METHODS = METHODS.filter((method) => method !== 'CONNECT');

/** The route of all preflights, if CORS_ORIGINS is set. */
const PREFLIGHTS = '*';

/** Fastify would read the body first, and refuse its type before its path. */
export const refuseUnknownPaths = (server: FastifyInstance): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url !== PREFLIGHTS) {
      done(request.is404 ? new AppError('NOT_FOUND') : undefined);
      return;
    }
    // This is not a route of Nest, so an error would not reach Nest's filter.
    const { headers, text } = errorBody(new AppError('NOT_FOUND'), request.url, request.id);
    request.errorCode = 'NOT_FOUND';
    void reply.status(404).headers(headers).send(text);
  });
};

/**
 * Every path answers 405 to methods that it does not support, including HEAD and OPTIONS, instead of 404. A secret in a
 * path is not compared: a wrong guess gets the same reply as the correct secret.
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
      for (const method of KNOWN_METHODS) {
        if (!server.supportedMethods.includes(method)) server.addHttpMethod(method);
      }
      // After the plugins' own routes exist: the static files of Swagger UI.
      server.after(() => {
        for (const [url, allowed] of [...methodsByPath]) {
          if (url !== PREFLIGHTS) refuseOthers(server, url, allowed);
        }
      });
    },
  };
};

const refuseOthers = (server: FastifyInstance, url: string, allowed: ReadonlySet<HTTPMethods>): void => {
  const allow = [...allowed].join(', ');
  const refuse: onRequestHookHandler = (_request, reply, done) => {
    void reply.header('allow', allow);
    done(new AppError('METHOD_NOT_ALLOWED'));
  };
  const method = KNOWN_METHODS.filter((known) => !allowed.has(known));
  server.route({ url, method, onRequest: refuse, handler: () => undefined });
};
