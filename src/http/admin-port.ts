/**
 * ADMIN_PORT: the admin API, Swagger UI and the front page on a port of their own, so that a deployment need not show them to
 * the internet. That port serves all the rest too, or the page could try nothing out; the other one answers 404 for them.
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

/** By the route that was matched; what matches none is 404 on either port. */
const FOR_ADMIN_PORT = /^\/(?:$|(?:v1\/admin|docs)(?:\/|$))/;

export interface AdminPort {
  /** @returns the URL that reaches it from this machine */
  listen(): Promise<string>;
}

/** Null where it is not set. Closes with the server. */
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
