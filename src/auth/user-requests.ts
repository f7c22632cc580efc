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
  const byUser = new Map<string, number>();
  const leave = (userId: string): void => {
    const left = (byUser.get(userId) ?? 1) - 1;
    if (left > 0) byUser.set(userId, left);
    else byUser.delete(userId);
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
    const { userId } = user;
    const count = byUser.get(userId) ?? 0;
    if (count >= REQUESTS_AT_ONCE) {
      const name = isForBackends(routeOptions.config.access) ? 'TOO_MANY_REQUESTS' : 'TOO_MANY_WAITING';
      done(new AppError(name, { retryAfterSeconds: 1 }));
      return;
    }
    byUser.set(userId, count + 1);
    raw.once('close', () => {
      leave(userId);
    });
    done();
  };
  server.addHook('onRoute', (route) => {
    if (isForUsers(route.config?.access) && !route.config?.isInLine)
      route.onRequest = [route.onRequest ?? [], enter].flat();
  });
};
