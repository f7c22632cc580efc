/**
 * Providers that keep a stream of events open, in place of webhooks. On a stream nothing is told twice, so whatever may have
 * been missed, by a lost stream or by our own failure, is made good by asking about every open call.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { DataSource } from 'typeorm';
import { runWithLogContext } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { hotStatement } from '../database/hot-statement.js';
import { ProviderChoice } from '../telephony/provider-choice.js';
import type { ProviderEvent } from '../telephony/telephony-provider.js';
import { CallRecorder } from './call-recorder.js';

/** Half of the connections that a replica has by default: requests want some too. */
const EVENTS_AT_ONCE = 5;
const TRY_AGAIN_MS = 1_000;

/** For the sweepers of all replicas. A call whose dial is under way is none of theirs: its provider may not know it yet. */
const askSoon = hotStatement(
  'ask-soon',
  `update call_record set sweep_at = now()
   where state < 4 and provider = $1 and provider_call_id is not null and sweep_at > now()`,
);

@Injectable()
export class ProviderStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly room = bulkhead(EVENTS_AT_ONCE, Infinity);
  /** Providers of whose calls something may have been missed. */
  private readonly missed = new Set<string>();
  private asking: Promise<void> | undefined;
  private readonly stop = new AbortController();

  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    private readonly providers: ProviderChoice,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(
      this.providers.all.map(async (provider) =>
        provider.listen?.({
          onEvent: (event) => void this.room.execute(() => this.apply(provider.name, event)),
          onListening: () => {
            this.askAbout(provider.name);
          },
        }),
      ),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.asking;
  }

  /** A call that we do not know is somebody else's: of another service at the same provider. */
  private apply(provider: string, event: ProviderEvent): Promise<void> {
    return runWithLogContext({}, async () => {
      try {
        await this.recorder.apply(provider, event);
      } catch (error) {
        this.logger.warn({ error, provider, callSid: event.callSid }, 'an event could not be applied');
        this.askAbout(provider);
      }
    });
  }

  private askAbout(provider: string): void {
    this.missed.add(provider);
    this.asking ??= this.askAll().finally(() => {
      this.asking = undefined;
    });
  }

  private async askAll(): Promise<void> {
    for (let [provider] = this.missed; provider !== undefined && !this.stop.signal.aborted; [provider] = this.missed) {
      this.missed.delete(provider);
      try {
        await askSoon(this.database, [provider]);
      } catch (error) {
        this.logger.warn({ error, provider }, 'its open calls cannot be asked about yet');
        this.missed.add(provider);
        await sleep(TRY_AGAIN_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
  }
}
