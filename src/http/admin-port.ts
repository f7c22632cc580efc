/**
 * ADMIN_PORT: a separate port for the admin API, the desk, Swagger UI and the front page, so that a deployment can hide them from
 * the Internet. That port also serves all other routes, so that Swagger UI can try them. On the main port these paths
 * are 404.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/error-table.js';
import type { Draining } from '../common/draining.js';
import type { Config } from '../config/config.js';
import { limitConnections } from './connection-limits.js';
import { urlOf } from '../common/reachable-url.js';
import { answerClientError, nodeServerOptions, REQUEST_TIMES } from './node-server.js';

/** Matched against the route. A path without a route is 404 on both ports. */
const FOR_ADMIN_PORT = /^\/(?:$|(?:v1\/(?:admin|desk)|docs|desk)(?:\/|$))/;

export interface AdminPort {
  /** @returns the URL of the port on this machine */
  listen(): Promise<string>;
}

/** Null if ADMIN_PORT is not set. Closes with the server. */
export const openAdminPort = (
  server: FastifyInstance,
  { adminPort, host }: Config,
  draining: Draining,
): AdminPort | null => {
  if (adminPort === undefined) return null;
  const connections = new WeakSet<Socket>();
  server.addHook('onRequest', ({ routeOptions, raw }, _reply, done) => {
    const isHidden = FOR_ADMIN_PORT.test(routeOptions.url ?? '') && !connections.has(raw.socket);
    done(isHidden ? new AppError('NOT_FOUND') : undefined);
  });
  const second: Server = createServer(nodeServerOptions(REQUEST_TIMES), (request, response) => {
    server.routing(request, response);
  });
  second.on('clientError', answerClientError);
  second.on('connection', (socket: Socket) => connections.add(socket));
  limitConnections(second, draining);
  server.addHook('onClose', async () => {
    if (!second.listening) return;
    const closed = once(second, 'close');
    second.close();
    second.closeAllConnections();
    await closed;
  });
  return {
    async listen() {
      await once(second.listen(adminPort, host), 'listening');
      return urlOf(second);
    },
  };
};
