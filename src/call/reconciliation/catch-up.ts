/**
 * Recovers events that were missed while none could be stored: marks every open call of a provider as due, and the
 * sweepers of all replicas fetch their status at the provider's rate. Runs after a start, after a database outage, and
 * after an event that could not be applied.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { ChangeFeed } from '../updates/change-feed.js';

const TRY_AGAIN_MS = 1_000;
/** Each run updates every open call. An event that can never be applied must not cause one run after the other. */
const ONCE_IN_MS = 5_000;

/** A call whose dial is not settled is excluded: its provider may not know it yet, and it is due soon in any case. */
const ASK_SOON = `
update call_records set sweep_at = now()
where state < 4 and provider = $1 and (provider_call_id is not null or state > 1) and sweep_at > ${NOW_MS}`;

@Injectable()
export class CatchUp implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Providers whose events may have been missed. */
  private readonly missed = new Set<string>();
  private readonly lastAt = new Map<string, number>();
  private asking: Promise<void> | undefined;
  private wasStale = false;
  private readonly stop = new AbortController();

  constructor(
    private readonly database: DataSource,
    private readonly providers: ProviderRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
    feed: ChangeFeed,
  ) {
    // The database was unreachable, or this process was suspended. Webhooks were answered with an error, or not at all.
    feed.observe({
      onStale: () => {
        this.wasStale = true;
      },
      onCurrent: () => {
        if (this.wasStale) this.askAboutAll();
        this.wasStale = false;
      },
    });
  }

  /** A provider with an event stream is due when its stream is open: events before that would be missed. */
  onApplicationBootstrap(): void {
    for (const { name, listen } of this.providers.all) if (!listen) this.askAbout(name);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.asking;
  }

  askAboutAll(): void {
    for (const { name } of this.providers.all) this.askAbout(name);
  }

  askAbout(provider: string): void {
    this.missed.add(provider);
    this.asking ??= this.askAll().finally(() => {
      this.asking = undefined;
    });
  }

  private async askAll(): Promise<void> {
    while (this.missed.size > 0 && !this.stop.signal.aborted) {
      const waits = await Promise.all([...this.missed].map((provider) => this.askUnlessJustDone(provider)));
      const waitMs = Math.min(...waits.filter((wait) => wait > 0));
      if (Number.isFinite(waitMs)) await sleep(waitMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
  }

  /** @returns milliseconds after which to try again; 0 when done */
  private async askUnlessJustDone(provider: string): Promise<number> {
    const waitMs = (this.lastAt.get(provider) ?? -Infinity) + ONCE_IN_MS - performance.now();
    if (waitMs > 0) return waitMs;
    this.missed.delete(provider);
    try {
      await this.database.query(ASK_SOON, [provider]);
      this.lastAt.set(provider, performance.now());
      // Debug level, because it happens at every start. A call that was lost has a log line of its own.
      this.logger.debug({ provider }, 'events may have been missed; the status of every open call is fetched');
      return 0;
    } catch (error) {
      this.logger.warn({ error, provider }, 'open calls could not be marked for a status check yet');
      this.missed.add(provider);
      return TRY_AGAIN_MS;
    }
  }
}
