/**
 * Writes when each key was last used: at most once a minute for a key and a replica, and never while a request waits.
 * The first use is written within a second, so that an administrator sees that a new key has arrived.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';

const LOOK_EVERY_MS = 1_000;
const WRITE_EVERY_MS = 60_000;

/** Another replica may have written a later use. */
const writeUses = preparedStatement(
  'key-uses',
  `update api_key set last_used_at = used.at
   from unnest($1::bigint[], $2::timestamptz[]) as used (id, at)
   where api_key.id = used.id and (last_used_at is null or last_used_at < used.at)`,
);

@Injectable()
export class LastUses implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** By the key's id, in milliseconds since the epoch. */
  private readonly uses = new Map<string, number>();
  private readonly writtenAt = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private isFailing = false;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.writing ??= this.writeDue().finally(() => {
        this.writing = undefined;
      });
    }, LOOK_EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.write([...this.uses.keys()]);
  }

  note(keyId: string): void {
    this.uses.set(keyId, Date.now());
  }

  private writeDue(): Promise<void> {
    const now = performance.now();
    return this.write(
      [...this.uses.keys()].filter((id) => now - (this.writtenAt.get(id) ?? -Infinity) >= WRITE_EVERY_MS),
    );
  }

  /** A failed attempt counts as one: the next is a minute later. */
  private async write(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const uses = new Map(ids.map((id) => [id, this.uses.get(id) ?? 0]));
    for (const id of ids) this.writtenAt.set(id, performance.now());
    try {
      await writeUses(this.database, [ids, [...uses.values()].map((at) => new Date(at))]);
      this.isFailing = false;
      for (const [id, at] of uses) if (this.uses.get(id) === at) this.uses.delete(id);
    } catch (error) {
      if (!this.isFailing) this.logger.warn({ error }, 'the last use of API keys cannot be written');
      this.isFailing = true;
    }
  }
}
