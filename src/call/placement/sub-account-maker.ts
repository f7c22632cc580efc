/**
 * Creates the sub-account of a user who has none, if the provider supports it. Concurrent requests create exactly one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { hasFailed, releaseClaim, rememberFailure, takeClaim } from '../../directory/sub-account-claims.js';
import { SubAccountService } from '../../directory/sub-account.service.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { SubAccountCredentials } from '../../telephony/telephony-provider.js';

/** How often a replica polls whether another one has finished. */
const LOOK_EVERY_MS = 100;
/** Longer than a claim, so a waiting request takes over the claim of a crashed process. */
const LONGEST_WAIT_MS = 20_000;

@Injectable()
export class SubAccountMaker {
  /** In this process all requests of a user share one creation, and so one database connection. */
  private readonly inFlight = new Map<string, Promise<SubAccountCredentials | null>>();

  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly subAccounts: SubAccountService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Null if there is none and none can be created now. Never throws. */
  make(provider: ResilientProvider, userId: string): Promise<SubAccountCredentials | null> {
    if (!provider.createSubAccount) return Promise.resolve(null);
    const key = `${provider.kind} ${userId}`;
    const running = this.inFlight.get(key);
    if (running) return running;
    const work = this.makeOnce(provider, userId)
      .catch((error: unknown) => {
        this.logger.error({ error, userId, provider: provider.kind }, 'no sub-account could be made');
        return null;
      })
      .finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, work);
    return work;
  }

  private async makeOnce(provider: ResilientProvider, userId: string): Promise<SubAccountCredentials | null> {
    const giveUpAt = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const id = await takeClaim(this.database, userId, provider.kind);
      // Read after the claim, so that an account that another replica has stored is found before a second one is
      // created.
      const found = await this.find(provider, userId);
      if (id) return await this.makeUnder({ userId, provider: provider.kind, id }, provider, found);
      if (found) return found;
      if (await hasFailed(this.database, userId, provider.kind)) return null;
      if (performance.now() > giveUpAt) throw new Error('another process has not created the sub-account in time');
      await sleep(LOOK_EVERY_MS);
    }
  }

  private async makeUnder(
    claim: Parameters<typeof releaseClaim>[1],
    provider: ResilientProvider,
    found: SubAccountCredentials | null,
  ): Promise<SubAccountCredentials | null> {
    try {
      const account = found ?? (await this.create(provider, claim.userId));
      await releaseClaim(this.database, claim);
      return account;
    } catch (error) {
      await rememberFailure(this.database, claim);
      throw error;
    }
  }

  private async create(provider: ResilientProvider, userId: string): Promise<SubAccountCredentials | null> {
    const made = await provider.createSubAccount?.(`ringback-${userId}`);
    if (!made) return null;
    const isStored = await this.subAccounts.storeIfNone(userId, { provider: provider.kind, ...made });
    if (!isStored) return this.find(provider, userId);
    this.logger.info({ userId, provider: provider.kind, subAccount: made.externalId }, 'sub-account made');
    return made;
  }

  private async find(provider: ResilientProvider, userId: string): Promise<SubAccountCredentials | null> {
    return (await this.directory.findParties(userId, userId)).subAccount(provider.kind);
  }
}
