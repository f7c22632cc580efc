/**
 * All keys that are accepted now, in the memory of each replica. A request with a key costs no statement, so made-up
 * keys cost the database nothing. The table is read twice a second: there is no message that could be lost, and a
 * pooler without notifications changes nothing. A change takes effect on all replicas within a second.
 */
import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { Principal } from '../access-token.js';
import { withBrokenKey, withUnknownKey } from '../challenge.js';
import { hashOfKey, isWholeKey, shownPart } from './key-text.js';
import { LastUses } from './last-uses.js';

const READ_EVERY_MS = 500;
/** Without a successful read for this long, no key is accepted: it may have been revoked. */
const BELIEVED_MS = 60_000;
const RETRY_SECONDS = 5;

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

interface LiveKey {
  readonly id: string;
  readonly principal: Principal;
  readonly end: AbortController;
}

@Injectable()
export class LiveKeys implements OnModuleInit, BeforeApplicationShutdown {
  private byHash: ReadonlyMap<string, LiveKey> = new Map();
  private readAt = -Infinity;
  private reading: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;
  private isClosed = false;

  constructor(
    private readonly database: DataSource,
    private readonly uses: LastUses,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** No request is served before the keys have been read. */
  async onModuleInit(): Promise<void> {
    await this.read();
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.reading;
  }

  /** @throws AppError UNAUTHENTICATED; UNAVAILABLE if the keys could not be read for a minute */
  principalOf(text: string): Principal {
    if (!isWholeKey(text)) throw withBrokenKey(shownPart(text));
    if (performance.now() - this.readAt > BELIEVED_MS) {
      throw new AppError('UNAVAILABLE', { retryAfterSeconds: RETRY_SECONDS });
    }
    const key = this.byHash.get(hashOfKey(text));
    // One text for all: it tells nobody which keys there were.
    if (!key || Date.now() >= key.principal.expiresAt) throw withUnknownKey(shownPart(text));
    this.uses.note(key.id);
    return key.principal;
  }

  /** Resolves after a read that began later than this call. A failure is logged; the next read follows. */
  refresh(): Promise<void> {
    // One after the other: a slow read must not replace what a later one has found.
    this.reading = this.reading.then(() => this.readOrWarn());
    return this.reading;
  }

  private async readOrWarn(): Promise<void> {
    if (this.isClosed) return;
    try {
      await this.read();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing)
        this.logger.warn({ error }, 'API keys cannot be read; those known last are accepted for a minute');
      this.isFailing = true;
    }
  }

  private async read(): Promise<void> {
    const startedAt = performance.now();
    const rows = await readLive(this.database, []);
    const before = this.byHash;
    this.byHash = new Map(rows.map((row) => [row.hash, liveKey(row, before.get(row.hash)?.end)]));
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

/** @param end of the same key, as read before: open streams listen to it */
const liveKey = ({ id, subject, scopes, expiresAt }: Row, end = newEnd()): LiveKey => ({
  id,
  end,
  principal: {
    subject,
    scopes: new Set(scopes),
    expiresAt: expiresAt?.getTime() ?? Infinity,
    apiKey: { id, ended: end.signal },
  },
});

const newEnd = (): AbortController => {
  const end = new AbortController();
  // Each stream and long poll adds a listener; the default warning is meant for leaks.
  setMaxListeners(0, end.signal);
  return end;
};
