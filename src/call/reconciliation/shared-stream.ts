/**
 * The events of one provider's stream, shared with the other replicas (stream-lease.ts). While another replica applies
 * them, this one keeps the latest. If that replica dies, this one applies what it has kept and is not stored. A lease also passes
 * on when its holder is too busy to renew it. Then nearly all is stored, and to apply it again would make the replicas busier.
 */
import type { Logger } from '../../common/logger.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import type { ProviderEvent } from '../../telephony/telephony-provider.js';
import { LOOK_MS, type StreamLease } from './stream-lease.js';

/** Longer than a lease and the queue of a busy holder, so that no event is lost between two holders. */
const KEPT_MS = 5_000;

interface KeptEvent {
  readonly event: ProviderEvent;
  readonly at: number;
}

interface Stream {
  readonly name: string;
  isListening(): boolean;
}

export class SharedStream {
  private isHolder = false;
  private readonly kept: KeptEvent[] = [];
  private readonly looks: RepeatedWork;

  /**
   * @param apply must not throw
   * @param unstored those of the events that are not stored yet, in their order
   */
  constructor(
    private readonly stream: Stream,
    private readonly lease: StreamLease,
    private readonly apply: (event: ProviderEvent) => void,
    private readonly unstored: (events: readonly ProviderEvent[]) => Promise<readonly ProviderEvent[]>,
    private readonly logger: Logger,
  ) {
    this.looks = new RepeatedWork(
      LOOK_MS,
      () => this.look(),
      (error) => {
        logger.warn({ error, provider: stream.name }, 'the lease of an event stream could not be renewed');
      },
    );
  }

  /** If the first look fails, later ones follow. */
  async start(): Promise<void> {
    await this.look().catch(() => undefined);
    this.looks.start();
  }

  async stop(): Promise<void> {
    await this.looks.stop();
    this.isHolder = false;
    await this.lease.release().catch(() => undefined);
  }

  hear(event: ProviderEvent): void {
    if (this.isHolder) {
      this.apply(event);
      return;
    }
    const at = performance.now();
    const oldest = this.kept.findIndex((one) => one.at > at - KEPT_MS);
    this.kept.splice(0, oldest < 0 ? this.kept.length : oldest);
    this.kept.push({ event, at });
  }

  /** A replica that receives no events leaves them to others. After an error it goes on as before, which does no harm. */
  private async look(): Promise<void> {
    const { name: provider } = this.stream;
    const wasHolder = this.isHolder;
    if (!this.stream.isListening()) {
      this.isHolder = false;
      await this.lease.release();
    } else if (!(await this.lease.take())) this.isHolder = false;
    else if (!wasHolder) await this.takeOver();
    if (this.isHolder === wasHolder) return;
    this.logger.info({ provider }, this.isHolder ? 'this replica applies events' : 'another replica applies events');
  }

  /** Events that come meanwhile are kept too, and follow in their order. Without an answer all are applied, which does no harm. */
  private async takeOver(): Promise<void> {
    const since = performance.now() - KEPT_MS;
    const kept = this.kept.splice(0).flatMap(({ event, at }) => (at > since ? [event] : []));
    const missed = await this.unstored(kept).catch(() => kept);
    this.isHolder = true;
    for (const event of [...missed, ...this.kept.splice(0).map((one) => one.event)]) this.apply(event);
  }
}
