/** What a path that does not exist, and a method that a path does not have, are answered with, before a byte of the body is read. */
import { METHODS } from 'node:http';
import type { FastifyInstance, HTTPMethods, onRequestHookHandler } from 'fastify';
import { errorBody } from '../common/error-body.js';
import { AppError } from '../common/error-table.js';

/**
 * All that Node's parser lets through. CONNECT asks for a tunnel and not for a path: Node destroys its connection. A listener for
 * it could answer, and would have to notice by itself that the client of an earlier request on the connection has gone.
 */
const KNOWN_METHODS = METHODS.filter((method) => method !== 'CONNECT');

/** The preflights of all paths, where CORS_ORIGINS is set. */
const PREFLIGHTS = '*';

/** Fastify would read the body first, and refuse its type before the path. */
export const refuseUnknownPaths = (server: FastifyInstance): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url !== PREFLIGHTS) {
      done(request.is404 ? new AppError('NOT_FOUND') : undefined);
      return;
    }
    // No route of Nest's, so that an error would not come to its filter.
    const { headers, text } = errorBody(new AppError('NOT_FOUND'), request.url, request.id);
    request.errorCode = 'NOT_FOUND';
    void reply.status(404).headers(headers).send(text);
  });
};

/**
 * Every path answers 405 to the methods it does not have, HEAD and OPTIONS among them, instead of pretending that it does
 * not exist. A secret within a path is not looked at: what is answered to a guess is what is answered to the right one.
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
      // Not before the plugins' own routes are there: the static files of Swagger UI.
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
