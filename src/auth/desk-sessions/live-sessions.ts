/** All sessions of the desk that are accepted now, in memory (live-principals.ts). */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { CONFIG, type Config } from '../../config/config.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { Principal } from '../access-token.js';
import { LivePrincipals } from '../live-principals.js';
import { hashOfSession } from './session-cookie.js';

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

@Injectable()
export class LiveSessions implements OnModuleInit, BeforeApplicationShutdown {
  private readonly live = new LivePrincipals<Row>({
    read: () => readLive(this.database, []),
    principalOf: ofSession,
    onFailure: (error) => {
      this.logger.warn({ error }, 'sessions of the desk cannot be read; those known last are accepted for a minute');
    },
  });

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'desk'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** No request is served before the sessions have been read. */
  async onModuleInit(): Promise<void> {
    if (this.config.desk) await this.live.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.live.stop();
  }

  /** Whose session it is. Null if there is no such session, as far as this replica knows. */
  find(value: string): Principal | null {
    return this.live.find(hashOfSession(value));
  }

  /**
   * Another replica may have just made the session. So an unknown one waits for the next read, which happens in any case:
   * made-up cookies cost the database nothing.
   * @throws AppError UNAVAILABLE if the sessions could not be read for a minute
   */
  async findAfterNextRead(value: string): Promise<Principal | null> {
    if (!this.config.desk) return null;
    await this.live.nextRead();
    const principal = this.find(value);
    if (!principal) this.live.requireRead();
    return principal;
  }

  /** Resolves after a read that began later than this call. */
  refresh(): Promise<void> {
    return this.live.refresh();
  }
}

export const withoutSession = (): AppError =>
  new AppError('UNAUTHENTICATED', { detail: 'You are not signed in, or the session has ended. Sign in again.' });

/** As the audit names the session in place of a token's `jti`. */
const nameOfSession = (id: string): string => `desk-session:${id}`;

const ofSession = ({ id, subject, scopes, expiresAt }: Row, ended: AbortSignal): Principal => ({
  subject,
  ...(!isLong(subject) && { externalId: subject }),
  scopes: new Set(scopes),
  tokenId: nameOfSession(id),
  expiresAt: expiresAt.getTime(),
  ended,
});
