/**
 * Event streams of providers that have a stream instead of webhooks. All replicas receive all events, and one applies
 * each. A stream repeats no event. After a lost stream or a failure of our own, the status of every open call is fetched.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { growingTo } from '../../common/growing-cache.js';
import { runWithLogContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { noteEvent } from '../../telephony/provider-metrics.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';
import { CallRecorder } from '../call-recorder.js';
import { CatchUp } from './catch-up.js';
import { SharedStream } from './shared-stream.js';
import { storedEvents } from './stored-events.js';
import { StreamLease } from './stream-lease.js';

/** Half of a replica's default number of database connections. The rest is for requests. */
const EVENTS_AT_ONCE = 5;

/** More than the open calls of a large deployment. An event of an older call that tells nothing new costs a statement. */
const CALLS_REMEMBERED = 20_000;

@Injectable()
export class ProviderStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly room = bulkhead(EVENTS_AT_ONCE, Infinity);
  /** By call: settles when the last of its events is stored. */
  private readonly stored = new Map<string, Promise<void>>();
  /** By callSid: the ids of its events that are known to be stored. */
  private readonly known = new LRUCache<string, Set<string>>(growingTo(CALLS_REMEMBERED));
  private readonly streams: SharedStream[] = [];

  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    private readonly providers: ProviderRegistry,
    private readonly catchUp: CatchUp,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.providers.all.map((provider) => this.listenTo(provider)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.streams.map((stream) => stream.stop()));
  }

  private async listenTo(provider: ResilientProvider): Promise<void> {
    const { name } = provider;
    const apply = (event: ProviderEvent): void => {
      this.applyInOrder(name, event);
    };
    const unstored = (events: readonly ProviderEvent[]) => this.unstored(name, events);
    const stream = new SharedStream(provider, new StreamLease(this.database, name), apply, unstored, this.logger);
    const listening = provider.listen?.({
      onEvent: (event, onlyHere) => {
        noteEvent(name);
        if (onlyHere) apply(event);
        else stream.hear(event);
      },
      onListening: () => {
        this.catchUp.askAbout(name);
      },
    });
    if (!listening) return;
    await listening;
    this.streams.push(stream);
    await stream.start();
  }

  /**
   * Applies the events of one call one after the other, in the order of the stream. Events of different calls do not
   * wait for each other.
   */
  private applyInOrder(provider: string, event: ProviderEvent): void {
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
      if (event.callSid !== null && this.known.get(event.callSid)?.has(event.eventId)) return;
      try {
        const applied = await this.recorder.apply(provider, event, null, 'stream');
        if (applied !== 'unknown_call') this.remember(event);
      } catch (error) {
        this.logger.warn({ error, provider, callSid: event.callSid }, 'an event could not be applied');
        this.catchUp.askAbout(provider);
      }
    });
  }

  /** Remembers the others. */
  private async unstored(provider: string, events: readonly ProviderEvent[]): Promise<readonly ProviderEvent[]> {
    const stored = await storedEvents(this.database, provider, events);
    for (const event of events) if (stored.has(event.eventId)) this.remember(event);
    return events.filter(({ eventId }) => !stored.has(eventId));
  }

  /** The report of a call's end repeats its earlier events. After it there is nothing more to come. */
  private remember({ callSid, eventId, type }: ProviderEvent): void {
    if (callSid === null) return;
    if (type === 'ended') this.known.delete(callSid);
    else this.known.set(callSid, (this.known.get(callSid) ?? new Set<string>()).add(eventId));
  }
}
