/**
 * Event streams of providers that have a stream instead of webhooks. A stream repeats no event. After a lost stream or
 * a failure of our own, the status of every open call is fetched.
 */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { runWithLogContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { noteEvent } from '../../telephony/provider-metrics.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';
import { CallRecorder } from '../call-recorder.js';
import { CatchUp } from './catch-up.js';

/** Half of a replica's default number of database connections. The rest is for requests. */
const EVENTS_AT_ONCE = 5;

@Injectable()
export class ProviderStreams implements OnApplicationBootstrap {
  private readonly room = bulkhead(EVENTS_AT_ONCE, Infinity);
  /** By call: settles when the last of its events is stored. */
  private readonly stored = new Map<string, Promise<void>>();

  constructor(
    private readonly recorder: CallRecorder,
    private readonly providers: ProviderRegistry,
    private readonly catchUp: CatchUp,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(
      this.providers.all.map(async (provider) =>
        provider.listen?.({
          onEvent: (event) => {
            this.applyInOrder(provider.name, event);
          },
          onListening: () => {
            this.catchUp.askAbout(provider.name);
          },
        }),
      ),
    );
  }

  /**
   * Applies the events of one call one after the other, in the order of the stream. Events of different calls do not
   * wait for each other.
   */
  private applyInOrder(provider: string, event: ProviderEvent): void {
    noteEvent(provider);
    const call = event.callSid ?? `${provider} ${event.providerCallId ?? ''}`;
    const before = this.stored.get(call) ?? Promise.resolve();
    const stored = before.then(() => this.room.execute(() => this.apply(provider, event)));
    this.stored.set(call, stored);
    void stored.then(() => {
      if (this.stored.get(call) === stored) this.stored.delete(call);
    });
  }

  /** Never rejects. An unknown call belongs to another service at the same provider. */
  private apply(provider: string, event: ProviderEvent): Promise<void> {
    return runWithLogContext({}, async () => {
      try {
        await this.recorder.apply(provider, event, null, 'stream');
      } catch (error) {
        this.logger.warn({ error, provider, callSid: event.callSid }, 'an event could not be applied');
        this.catchUp.askAbout(provider);
      }
    });
  }
}
