/**
 * Makes good what providers told while nothing could be taken: every open call of theirs is due, and the sweepers of all
 * replicas ask about them at the provider's pace. After a start, after a time without the database, and after an event that
 * could not be applied.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { ChangeFeed } from '../updates/change-feed.js';

const TRY_AGAIN_MS = 1_000;
/** Each is an update of every open call: an event that can never be applied must not cause one after the other. */
const ONCE_IN_MS = 5_000;

/** A call whose dial is not settled is left out: its provider may not know it yet, and it is due soon anyway. */
const ASK_SOON = `
update call_record set sweep_at = now()
where state < 4 and provider = $1 and (provider_call_id is not null or state > 1) and sweep_at > ${NOW_MS}`;

@Injectable()
export class CatchUp implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Providers of whose calls something may have been missed. */
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
    // The database was away, or this process stood still: webhooks were answered with an error, or not at all.
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

  /** A provider with a stream is asked once that is open: what is told meanwhile would be missed. */
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

  /** @returns milliseconds after which to try again; 0 when it is done */
  private async askUnlessJustDone(provider: string): Promise<number> {
    const waitMs = (this.lastAt.get(provider) ?? -Infinity) + ONCE_IN_MS - performance.now();
    if (waitMs > 0) return waitMs;
    this.missed.delete(provider);
    try {
      await this.database.query(ASK_SOON, [provider]);
      this.lastAt.set(provider, performance.now());
      // At every start, so no news by itself; what was lost has a line of its own.
      this.logger.debug({ provider }, 'events may have been missed; every open call is asked about');
      return 0;
    } catch (error) {
      this.logger.warn({ error, provider }, 'its open calls cannot be asked about yet');
      this.missed.add(provider);
      return TRY_AGAIN_MS;
    }
  }
}
