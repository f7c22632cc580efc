/**
 * Removes, on every replica and in small batches, requests with an Idempotency-Key once their key may be used again, calls that no
 * rate counts any more, old refusals, freezes that were lifted long ago, and old costs.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { removeOldRefusals } from '../record/call-refusals.js';
import { removeOldCosts } from '../spending/old-costs.js';
import { removeStaleCalls } from '../record/recent-calls.js';
import { removeOldRequests } from '../record/idempotent-requests.js';

/** The rules count nothing that is older. The audit keeps who lifted a freeze. */
const REMOVE_LIFTED_FREEZES = `delete from call_freeze where lifted_at < now() - interval '30 days'`;

const EVERY_MS = 10 * 60_000;

/** Of a thousand, at one removal: most subjects are read in vain. */
const BATCHES_OF_SUBJECTS = 20;

@Injectable()
export class OldRowRemoval implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;
  /** Where the next removal begins among the subjects of the rates. */
  private lastSubject = '';

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
    while (!this.isStopped && (await removeOldRefusals(this.database)));
    await this.database.query(REMOVE_LIFTED_FREEZES);
    while (!this.isStopped && (await removeOldCosts(this.database)));
    for (let batch = 0; batch < BATCHES_OF_SUBJECTS && !this.isStopped; batch++) {
      this.lastSubject = await removeStaleCalls(this.database, this.lastSubject);
      if (this.lastSubject === '') return;
    }
  }

  private schedule(): void {
    // Replicas that started together do not remove together.
    this.timer = setTimeout(
      () => {
        this.running = this.remove()
          .catch((error: unknown) => {
            this.logger.warn(
              { error },
              'old idempotency keys, counted calls, refusals, freezes and costs could not be removed; the next attempt is in 10 minutes',
            );
          })
          .finally(() => {
            if (!this.isStopped) this.schedule();
          });
      },
      EVERY_MS * (0.8 + 0.4 * Math.random()),
    );
  }
}
