/**
 * Limits the concurrent requests of a user in a process. Requests that are answered from memory do not count. Each of
 * the others may take a database connection, and one user must not occupy all of them.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { isForBackends, isForUsers } from './access.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * A user's requests on this route are queued or share one result, so together they take one database connection.
     */
    isInLine?: true;
  }
}

/** Enough for several devices with a few requests each, and for the long polls and streams of a user. */
export const REQUESTS_AT_ONCE = 100;

/** Call it after the hooks for authentication and for replies from memory. */
export const limitRequestsOfUsers = (server: FastifyInstance): void => {
  const bySubject = new Map<string, number>();
  const leave = (subject: string): void => {
    const left = (bySubject.get(subject) ?? 1) - 1;
    if (left > 0) bySubject.set(subject, left);
    else bySubject.delete(subject);
  };
  const enter = (
    { user, routeOptions }: FastifyRequest,
    { raw }: FastifyReply,
    done: (refusal?: Error) => void,
  ): void => {
    // If the client has disconnected, 'close' has already fired.
    if (!user || raw.destroyed) {
      done();
      return;
    }
    const { subject } = user;
    const count = bySubject.get(subject) ?? 0;
    if (count >= REQUESTS_AT_ONCE) {
      const name = isForBackends(routeOptions.config.access) ? 'TOO_MANY_REQUESTS' : 'TOO_MANY_WAITING';
      done(new AppError(name, { retryAfterSeconds: 1 }));
      return;
    }
    bySubject.set(subject, count + 1);
    raw.once('close', () => {
      leave(subject);
    });
    done();
  };
  server.addHook('onRoute', (route) => {
    if (isForUsers(route.config?.access) && !route.config?.isInLine)
      route.onRequest = [route.onRequest ?? [], enter].flat();
  });
};
