/** Removes requests with an Idempotency-Key once their key may be used again, on every replica, in small batches. */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { removeOldRequests } from '../record/idempotent-requests.js';

const EVERY_MS = 10 * 60_000;

@Injectable()
export class OldRequestRemoval implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  async remove(): Promise<void> {
    while (!this.isStopped && (await removeOldRequests(this.database)));
  }

  private schedule(): void {
    // Replicas that started together do not remove together.
    this.timer = setTimeout(
      () => {
        this.running = this.remove()
          .catch((error: unknown) => {
            this.logger.warn({ error }, 'old idempotency keys could not be removed; the next attempt is in 10 minutes');
          })
          .finally(() => {
            if (!this.isStopped) this.schedule();
          });
      },
      EVERY_MS * (0.8 + 0.4 * Math.random()),
    );
  }
}
