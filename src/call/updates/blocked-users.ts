/**
 * Users whom an administrator has blocked, in memory, for every request of theirs is refused before anything else is done.
 * A notification says that the set has changed. It is read again in any case, so that a lost notification delays a block.
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
/** While notifications are not received, or after a failure. */
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

  /** No request is served before the set is known. */
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

  /** @throws AppError where the user is blocked */
  refuse(userId: string): void {
    if (this.has(userId)) throw new AppError('CALLER_BLOCKED');
  }

  /** Told once of each user who is blocked from now on. */
  observe(observer: (userId: string) => void): void {
    this.observers.push(observer);
  }

  /** Calls that come while it reads share the next read. */
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

/** After authentication has been set before the routes, and before anything that answers. */
export const refuseBlockedUsers = (server: FastifyInstance, blocked: BlockedUsers): void => {
  const refuse = ({ user }: FastifyRequest, _reply: FastifyReply, done: (refusal?: Error) => void): void => {
    done(user && blocked.has(user.userId) ? new AppError('CALLER_BLOCKED') : undefined);
  };
  server.addHook('onRoute', (route) => {
    if (route.config?.access === 'user') route.onRequest = [route.onRequest ?? [], refuse].flat();
  });
};
