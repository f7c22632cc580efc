/** All API keys that are accepted now, in memory (live-principals.ts). */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { Principal } from '../access-token.js';
import { withBrokenKey, withUnknownKey } from '../challenge.js';
import { LivePrincipals } from '../live-principals.js';
import { hashOfKey, isWholeKey, shownPart } from './key-text.js';
import { LastUses } from './last-uses.js';

/** As SQL: a key that is accepted now. The columns are those of `api_key`. */
export const IS_LIVE = '(revoked_at is null and (expires_at is null or expires_at > now()))';

/** As SQL: whom the key's calls and idempotency keys belong to. No user id looks like this. */
export const SUBJECT = `'key:' || coalesce(first_id, id)`;

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
}

const readLive = preparedStatement<Row>(
  'live-keys',
  `select id, hash, ${SUBJECT} as subject, scopes, expires_at as "expiresAt" from api_key where ${IS_LIVE}`,
);

@Injectable()
export class LiveKeys implements OnModuleInit, BeforeApplicationShutdown {
  private readonly live = new LivePrincipals<Row>({
    read: () => readLive(this.database, []),
    principalOf: ofKey,
    onFailure: (error) => {
      this.logger.warn({ error }, 'API keys cannot be read; those known last are accepted for a minute');
    },
  });

  constructor(
    private readonly database: DataSource,
    private readonly uses: LastUses,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** No request is served before the keys have been read. */
  onModuleInit(): Promise<void> {
    return this.live.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.live.stop();
  }

  /** @throws AppError UNAUTHENTICATED; UNAVAILABLE if the keys could not be read for a minute */
  principalOf(text: string): Principal {
    if (!isWholeKey(text)) throw withBrokenKey(shownPart(text));
    this.live.requireRead();
    const principal = this.live.find(hashOfKey(text));
    // One text for all: it tells nobody which keys there were.
    if (!principal?.apiKey) throw withUnknownKey(shownPart(text));
    this.uses.note(principal.apiKey.id);
    return principal;
  }

  /** Resolves after a read that began later than this call. */
  refresh(): Promise<void> {
    return this.live.refresh();
  }
}

const ofKey = ({ id, subject, scopes, expiresAt }: Row, ended: AbortSignal): Principal => ({
  subject,
  scopes: new Set(scopes),
  expiresAt: expiresAt?.getTime() ?? Infinity,
  ended,
  apiKey: { id },
});
