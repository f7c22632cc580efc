/**
 * Providers that keep a stream of events open, in place of webhooks. On a stream nothing is told twice, so whatever may have
 * been missed, by a lost stream or by our own failure, is made good by asking about every open call.
 */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { runWithLogContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';
import { CallRecorder } from '../call-recorder.js';
import { CatchUp } from './catch-up.js';

/** Half of the connections that a replica has by default: requests want some too. */
const EVENTS_AT_ONCE = 5;

@Injectable()
export class ProviderStreams implements OnApplicationBootstrap {
  private readonly room = bulkhead(EVENTS_AT_ONCE, Infinity);
  /** Of each call that has events to store, when the last of them is stored. */
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

  /** One event of a call at a time, in the order in which they were told: another call's events do not wait for them. */
  private applyInOrder(provider: string, event: ProviderEvent): void {
    const call = event.callSid ?? `${provider} ${event.providerCallId ?? ''}`;
    const before = this.stored.get(call) ?? Promise.resolve();
    const stored = before.then(() => this.room.execute(() => this.apply(provider, event)));
    this.stored.set(call, stored);
    void stored.then(() => {
      if (this.stored.get(call) === stored) this.stored.delete(call);
    });
  }

  /** Never rejects. A call that we do not know is somebody else's: of another service at the same provider. */
  private apply(provider: string, event: ProviderEvent): Promise<void> {
    return runWithLogContext({}, async () => {
      try {
        await this.recorder.apply(provider, event);
      } catch (error) {
        this.logger.warn({ error, provider, callSid: event.callSid }, 'an event could not be applied');
        this.catchUp.askAbout(provider);
      }
    });
  }
}
