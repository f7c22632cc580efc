/**
 * Limits the requests that clients hold open: event streams and long polls. Each takes a connection and memory for a
 * long time, so a user and a process may have only so many.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../auth/access-token.js';
import { AppError } from '../../common/error-table.js';
import { gauge } from '../../common/metrics.js';
import { CONFIG, type Config } from '../../config/config.js';
import { BlockedUsers } from './blocked-users.js';

/** Enough for a user's devices and browser tabs, and for some whose disconnect has not been noticed yet. */
export const WAITING_AT_ONCE = 20;
const RETRY_AFTER_SECONDS = 10;

const waiting = gauge({
  name: 'ringback_waiting_clients',
  help: 'Event streams and long polls that are open.',
});

interface Terms {
  readonly most?: number;
  /** Of the client's API key, or of its session at the desk. */
  readonly ended?: AbortSignal | undefined;
}

@Injectable()
export class WaitingClients {
  private readonly byUser = new Map<string, Set<AbortController>>();
  private count = 0;

  constructor(
    private readonly blocked: BlockedUsers,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    blocked.observe((userId) => {
      for (const client of this.byUser.get(userId) ?? []) client.abort();
    });
  }

  /**
   * Counts the request until its response is closed.
   * @returns a signal that aborts when the client disconnects, the user is blocked, or `ended` aborts
   * @throws AppError if there are too many
   */
  enter(userId: string, { raw, request }: FastifyReply, { most = WAITING_AT_ONCE, ended }: Terms = {}): AbortSignal {
    this.blocked.refuse(userId);
    const others = this.byUser.get(userId) ?? new Set();
    if (others.size >= most) throw new AppError('TOO_MANY_WAITING', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    if (this.count >= this.config.streamsAtOnce) {
      throw new AppError('UNAVAILABLE', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    request.isWaiting = true;
    const client = new AbortController();
    // While its token was checked, the client may have disconnected, so that 'close' has already fired, or its key may
    // have ended.
    if (raw.destroyed || ended?.aborted) {
      client.abort();
      return client.signal;
    }
    this.byUser.set(userId, others.add(client));
    this.count++;
    waiting.inc();
    const end = (): void => {
      client.abort();
    };
    ended?.addEventListener('abort', end);
    raw.once('close', () => {
      this.count--;
      waiting.dec();
      others.delete(client);
      if (others.size === 0 && this.byUser.get(userId) === others) this.byUser.delete(userId);
      ended?.removeEventListener('abort', end);
      client.abort();
    });
    return client.signal;
  }

  /** As `enter`, with the errors of the APIs for backends and administrators. */
  enterWithProblems({ subject, ended }: Principal, reply: FastifyReply, most: number): AbortSignal {
    try {
      return this.enter(subject, reply, { most, ended });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { code, retryAfterSeconds } = error;
      if (code === 'CALLER_BLOCKED') throw new AppError('USER_BLOCKED');
      if (code !== 'TOO_MANY_WAITING' || retryAfterSeconds === undefined) throw error;
      throw new AppError('TOO_MANY_REQUESTS', { retryAfterSeconds });
    }
  }
}
