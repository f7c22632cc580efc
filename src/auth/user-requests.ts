/**
 * The requests of one user that a process works on at once. What is answered from memory does not count; the rest may take a
 * database connection each, and one user with many connections must not keep all of them from the others.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import './access.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A user's requests go one after the other, or share one answer: they take one database connection between them. */
    isInLine?: true;
  }
}

/** Some devices, each with a few requests in progress, and the long polls and streams that a user may have. */
export const REQUESTS_AT_ONCE = 100;

/** After authentication, and after what is answered from memory. */
export const limitRequestsOfUsers = (server: FastifyInstance): void => {
  const byUser = new Map<string, number>();
  const leave = (userId: string): void => {
    const left = (byUser.get(userId) ?? 1) - 1;
    if (left > 0) byUser.set(userId, left);
    else byUser.delete(userId);
  };
  const enter = ({ user }: FastifyRequest, { raw }: FastifyReply, done: (refusal?: Error) => void): void => {
    // Of a client that has left, 'close' is past.
    if (!user || raw.destroyed) {
      done();
      return;
    }
    const { userId } = user;
    const count = byUser.get(userId) ?? 0;
    if (count >= REQUESTS_AT_ONCE) {
      done(new AppError('TOO_MANY_WAITING', { retryAfterSeconds: 1 }));
      return;
    }
    byUser.set(userId, count + 1);
    raw.once('close', () => {
      leave(userId);
    });
    done();
  };
  server.addHook('onRoute', (route) => {
    if (route.config?.access === 'user' && !route.config.isInLine)
      route.onRequest = [route.onRequest ?? [], enter].flat();
  });
};
