/**
 * The users that an administrator has blocked, kept in memory because every request is checked against them first. A
 * notification reports a change of the set. The set is also read periodically, so a lost notification only delays a
 * block.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import '../../auth/access.js';
import { AppError } from '../../common/error-table.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { ChangeFeed } from './change-feed.js';

const READ_EVERY_MS = 30_000;
/** While no notifications arrive, or after a failure. */
const READ_SOON_MS = 1_000;

const readBlocked = preparedStatement<{ id: string }>('blocked-users', 'select id from app_user where blocked');

@Injectable()
export class BlockedUsers implements OnModuleInit, BeforeApplicationShutdown {
  private ids: ReadonlySet<string> = new Set();
  private readonly observers: ((userId: string) => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private isStale = false;
  private isDeaf = true;
  private isFailing = false;
  private isClosed = false;

  constructor(
    private readonly database: DataSource,
    feed: ChangeFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    feed.observe({
      onHearing: (isHearing) => {
        this.isDeaf = !isHearing;
        this.readAgain();
      },
      onUsersBlocked: () => {
        this.readAgain();
      },
    });
  }

  /** No request is served before the set has been read. */
  async onModuleInit(): Promise<void> {
    await this.read();
    this.schedule(READ_SOON_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.reading;
  }

  has(userId: string): boolean {
    return this.ids.has(userId);
  }

  /** @throws AppError if the user is blocked */
  refuse(userId: string): void {
    if (this.has(userId)) throw new AppError('CALLER_BLOCKED');
  }

  /** The observer is called once for each newly blocked user. */
  observe(observer: (userId: string) => void): void {
    this.observers.push(observer);
  }

  /** Requests during a read share the next read. */
  private readAgain(): void {
    this.isStale = true;
    if (this.isClosed) return;
    this.reading ??= this.readUntilFresh().finally(() => {
      this.reading = undefined;
    });
  }

  private async readUntilFresh(): Promise<void> {
    clearTimeout(this.timer);
    try {
      while (this.isStale) {
        this.isStale = false;
        await this.read();
      }
      this.isFailing = false;
      this.schedule(this.isDeaf ? READ_SOON_MS : READ_EVERY_MS);
    } catch (error) {
      if (!this.isFailing) this.logger.warn({ error }, 'blocked users cannot be read; those known last stay blocked');
      this.isFailing = true;
      this.schedule(READ_SOON_MS);
    }
  }

  private async read(): Promise<void> {
    const rows = await readBlocked(this.database, []);
    const before = this.ids;
    this.ids = new Set(rows.map(({ id }) => id));
    for (const id of this.ids) if (!before.has(id)) for (const observer of this.observers) observer(id);
  }

  private schedule(delayMs: number): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      this.readAgain();
    }, delayMs);
  }
}

/**
 * Also of the admin API, so that a blocked administrator cannot unblock himself.
 * Call it after the authentication hook is registered and before any hook that replies.
 */
export const refuseBlockedUsers = (server: FastifyInstance, blocked: BlockedUsers): void => {
  const refuse = (
    { user, routeOptions }: FastifyRequest,
    _reply: FastifyReply,
    done: (refusal?: Error) => void,
  ): void => {
    const name = routeOptions.config.access === 'user' ? 'CALLER_BLOCKED' : 'USER_BLOCKED';
    done(user && blocked.has(user.subject) ? new AppError(name) : undefined);
  };
  server.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (access && access !== 'public') route.onRequest = [route.onRequest ?? [], refuse].flat();
  });
};
