/**
 * Whose external id a token has. Every client polls with its token, so the answers are cached. A notification that an external
 * id has changed drops all of them, and an answer lives for half a minute at most, in case a notification is lost. While no
 * notifications arrive, and for an id that nobody has yet, it lives for a second.
 */
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import '../../auth/access.js';
import { growingTo } from '../../common/growing-cache.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { ChangeFeed } from './change-feed.js';

const LIFE_MS = 30_000;
const SHORT_LIFE_MS = 1_000;

/** More than the clients of one replica, as for their tokens. */
const MAX_IDS = 100_000;

const findUser = preparedStatement<{ id: string }>(
  'user-by-external-id',
  'select id from app_user where external_id = $1',
);

interface Known {
  /** Null if nobody has it. */
  readonly userId: string | null;
  /** By performance.now(). */
  readonly until: number;
}

@Injectable()
export class ExternalIds {
  private readonly known = new LRUCache<string, Known>(growingTo(MAX_IDS));
  /** Replaced by each change, so that the answer of a read which began before it is not kept. */
  private reads = new Map<string, Promise<string | null>>();
  private isDeaf = true;

  constructor(
    private readonly database: DataSource,
    feed: ChangeFeed,
  ) {
    feed.observe({
      onHearing: (isHearing) => {
        this.isDeaf = !isHearing;
        this.forget();
      },
      onExternalIds: () => {
        this.forget();
      },
    });
  }

  /** @returns the user's id, null if nobody has the external id; undefined if it must be read */
  get(externalId: string): string | null | undefined {
    const known = this.known.get(externalId);
    return known && performance.now() < known.until ? known.userId : undefined;
  }

  /** Concurrent requests share one read. */
  read(externalId: string): Promise<string | null> {
    const { reads } = this;
    const running = reads.get(externalId);
    if (running) return running;
    const lifeMs = this.isDeaf ? SHORT_LIFE_MS : LIFE_MS;
    const startedAt = performance.now();
    const read = findUser(this.database, [externalId])
      .then(([user]) => {
        const userId = user?.id ?? null;
        const until = startedAt + (userId === null ? SHORT_LIFE_MS : lifeMs);
        if (reads === this.reads) this.known.set(externalId, { userId, until });
        return userId;
      })
      .finally(() => reads.delete(externalId));
    reads.set(externalId, read);
    return read;
  }

  private forget(): void {
    this.known.clear();
    this.reads = new Map();
  }
}

/** Call it after the authentication hook is registered, and before any hook that needs to know the user. */
export const resolveExternalIds = (server: FastifyInstance, ids: ExternalIds): void => {
  const resolve = (request: FastifyRequest, _reply: FastifyReply, done: (refusal?: Error) => void): void => {
    const { user } = request;
    if (user?.externalId === undefined) {
      done();
      return;
    }
    const settle = (userId: string | null): void => {
      if (userId !== null) request.user = { ...user, subject: userId };
      done();
    };
    const known = ids.get(user.externalId);
    if (known === undefined) ids.read(user.externalId).then(settle, done);
    else settle(known);
  };
  server.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (access && access !== 'public') route.onRequest = [route.onRequest ?? [], resolve].flat();
  });
};
