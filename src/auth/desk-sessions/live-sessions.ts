/**
 * All sessions of the desk that are accepted now, in the memory of each replica, as API keys are (live-keys.ts): a request
 * costs no statement, and a sign-out takes effect on all replicas within a second.
 */
import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { CONFIG, type Config } from '../../config/config.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { Principal } from '../access-token.js';
import { hashOfSession } from './session-cookie.js';

const READ_EVERY_MS = 500;
/** Without a successful read for this long, no session is accepted: its person may have signed out. */
const BELIEVED_MS = 60_000;
const RETRY_SECONDS = 5;

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
}

const readLive = preparedStatement<Row>(
  'live-desk-sessions',
  `select id, hash, subject, scopes, expires_at as "expiresAt" from desk_session
   where expires_at > now() and ended_at is null`,
);

interface LiveSession {
  readonly id: string;
  readonly principal: Principal;
  readonly end: AbortController;
}

@Injectable()
export class LiveSessions implements OnModuleInit, BeforeApplicationShutdown {
  private byHash: ReadonlyMap<string, LiveSession> = new Map();
  private readAt = -Infinity;
  private reading: Promise<void> = Promise.resolve();
  /** The read that begins next. */
  private next = newTurn();
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;
  private isClosed = false;

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'desk'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** No request is served before the sessions have been read. */
  async onModuleInit(): Promise<void> {
    if (!this.config.desk) return;
    await this.read();
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.next.end();
    await this.reading;
  }

  /** Null if there is no such session, as far as this replica knows. */
  find(value: string): LiveSession | null {
    const session = this.isBelieved() ? this.byHash.get(hashOfSession(value)) : undefined;
    return session && Date.now() < session.principal.expiresAt ? session : null;
  }

  /**
   * Another replica may have just made the session. So an unknown one waits for the next read, which happens in any case:
   * made-up cookies cost the database nothing.
   * @throws AppError UNAVAILABLE if the sessions could not be read for a minute
   */
  async findAfterNextRead(value: string): Promise<LiveSession | null> {
    if (this.config.desk && !this.isClosed) await this.next.ended;
    const session = this.find(value);
    if (!session && this.config.desk && !this.isBelieved())
      throw new AppError('UNAVAILABLE', { retryAfterSeconds: RETRY_SECONDS });
    return session;
  }

  /** Resolves after a read that began later than this call. A failure is logged; the next read follows. */
  refresh(): Promise<void> {
    // One after the other: a slow read must not replace what a later one has found.
    this.reading = this.reading.then(() => this.readOrWarn());
    return this.reading;
  }

  private isBelieved(): boolean {
    return performance.now() - this.readAt <= BELIEVED_MS;
  }

  private async readOrWarn(): Promise<void> {
    if (this.isClosed) return;
    const { next } = this;
    this.next = newTurn();
    try {
      await this.read();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing)
        this.logger.warn({ error }, 'sessions of the desk cannot be read; those known last are accepted for a minute');
      this.isFailing = true;
    }
    next.end();
  }

  private async read(): Promise<void> {
    const startedAt = performance.now();
    const rows = await readLive(this.database, []);
    const before = this.byHash;
    this.byHash = new Map(rows.map((row) => [row.hash, before.get(row.hash) ?? liveSession(row)]));
    this.readAt = startedAt;
    for (const [hash, { end }] of before) if (!this.byHash.has(hash)) end.abort();
  }

  private schedule(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      void this.refresh().finally(() => {
        this.schedule();
      });
    }, READ_EVERY_MS);
  }
}

interface Turn {
  readonly ended: Promise<void>;
  end(): void;
}

const newTurn = (): Turn => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
};

export const withoutSession = (): AppError =>
  new AppError('UNAUTHENTICATED', { detail: 'You are not signed in, or the session has ended. Sign in again.' });

/** As the audit names the session in place of a token's `jti`. */
export const nameOfSession = (id: string): string => `desk-session:${id}`;

const liveSession = ({ id, subject, scopes, expiresAt }: Row): LiveSession => {
  const end = new AbortController();
  // Each stream and long poll adds a listener; the default warning is meant for leaks.
  setMaxListeners(0, end.signal);
  return {
    id,
    end,
    principal: {
      subject,
      ...(!isLong(subject) && { externalId: subject }),
      scopes: new Set(scopes),
      tokenId: nameOfSession(id),
      expiresAt: expiresAt.getTime(),
      ended: end.signal,
    },
  };
};
