/**
 * Lets a few reads of an administrator or an API key run at a time; its others wait in their order. A read may take a database
 * connection for long, and a program that sends thousands must not take all of them from the calls of users.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { isForAdmins } from './access.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its response may take hours, and hardly ever a connection. It has a limit of its own. */
    isLasting?: true;
  }
}

export const READS_AT_ONCE = 4;
const MOST_WAITING = 500;

interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

/** Call it after the hooks for authentication. */
export const limitReadsOfAdmins = (server: FastifyInstance): void => {
  const lines = new Map<string, Line>();
  const enter = ({ user }: FastifyRequest, { raw }: FastifyReply, done: (refusal?: Error) => void): void => {
    // If the client has disconnected, 'close' has already fired.
    if (!user || raw.destroyed) {
      done();
      return;
    }
    const { subject } = user;
    const line = lines.get(subject) ?? { running: 0, waiting: new Set() };
    if (line.waiting.size >= MOST_WAITING) {
      done(new AppError('UNAVAILABLE', { retryAfterSeconds: 1 }));
      return;
    }
    lines.set(subject, line);
    const begin = (): void => {
      line.running++;
      done();
    };
    raw.once('close', () => {
      if (!line.waiting.delete(begin)) line.running--;
      const [next] = line.waiting;
      if (next && line.running < READS_AT_ONCE) {
        line.waiting.delete(next);
        next();
      }
      if (line.running === 0) lines.delete(subject);
    });
    if (line.running < READS_AT_ONCE) begin();
    else line.waiting.add(begin);
  };
  server.addHook('onRoute', (route) => {
    const { access, isLasting } = route.config ?? {};
    if (route.method === 'GET' && isForAdmins(access) && !isLasting) {
      route.onRequest = [route.onRequest ?? [], enter].flat();
    }
  });
};
