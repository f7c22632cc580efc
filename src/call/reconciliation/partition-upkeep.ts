/**
 * Makes the partitions of the coming months, and drops those that are older than RETENTION_DAYS. Every replica does both, one at a
 * time. No request waits for either: the functions give up a lock that they do not get at once, and this tries again later.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import { CONFIG, type Config } from '../../config/config.js';
import { dropOldPartition, makePartitionsAhead } from '../record/call-partitions.js';

const EVERY_MS = 5 * 60_000;

@Injectable()
export class PartitionUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly work = new RepeatedWork(
    EVERY_MS,
    () => this.keepUp(),
    (error) => {
      this.noteFailure(error);
    },
  );

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'retentionDays'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await makePartitionsAhead(this.database).catch((error: unknown) => {
      this.noteFailure(error);
    });
    this.work.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  async keepUp(): Promise<void> {
    await makePartitionsAhead(this.database);
    const { retentionDays } = this.config;
    if (retentionDays === null) return;
    for (let name: string | null = ''; name !== null && !this.work.isStopped;) {
      name = await dropOldPartition(this.database, retentionDays);
      if (name !== null) this.logger.info({ partition: name }, 'calls older than RETENTION_DAYS are dropped');
    }
  }

  private noteFailure(error: unknown): void {
    this.logger.warn({ error }, 'partitions of calls could not be made or dropped; the next attempt is in 5 minutes');
  }
}
