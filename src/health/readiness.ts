/**
 * The checks of readiness. They are public, so concurrent requests share one database query, and one provider request
 * per some seconds. An unreachable provider is reported but does not make the replica unready: polls, cancels and other
 * providers still work.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOGGER, type Logger } from '../common/logger.js';
import { missingMigrations } from '../database/missing-migrations.js';
import { ProviderRegistry } from '../telephony/provider-registry.js';

const REMEMBER_MS = 5_000;
/** Orchestrators give a probe a second or two; a provider may take longer. */
const WAIT_FOR_PROVIDER_MS = 500;

export type ProviderHealth = 'up' | 'degraded';

export interface Look {
  readonly database: boolean;
  readonly migrations: boolean;
}

interface Known {
  readonly health: ProviderHealth;
  readonly at: number;
}

@Injectable()
export class Readiness {
  private looking: Promise<Look> | undefined;
  private toldReason: string | null = null;
  private readonly known = new Map<string, Known>();
  private readonly asking = new Map<string, Promise<void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly providers: ProviderRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  look(): Promise<Look> {
    this.looking ??= this.lookNow().finally(() => (this.looking = undefined));
    return this.looking;
  }

  /** By provider. A provider that has never answered in time is degraded. */
  async providerHealth(): Promise<Record<string, ProviderHealth>> {
    const stale = this.providers.all.filter(({ name }) => this.isStale(name));
    if (stale.length > 0) {
      const answers = Promise.all(stale.map((provider) => this.ask(provider.name, () => provider.isReachable())));
      await Promise.race([answers, sleep(WAIT_FOR_PROVIDER_MS, undefined, { ref: false })]);
    }
    return Object.fromEntries(this.providers.all.map(({ name }) => [name, this.known.get(name)?.health ?? 'degraded']));
  }

  private async lookNow(): Promise<Look> {
    try {
      const missing = await missingMigrations(this.dataSource);
      this.tell(missing.length > 0 ? `missing migrations: ${missing.join(', ')}` : null);
      return { database: true, migrations: missing.length === 0 };
    } catch (error) {
      const { code, message } = error as Partial<NodeJS.ErrnoException>;
      this.tell(code ?? message ?? '', error);
      return { database: false, migrations: false };
    }
  }

  /** Logs changes only, because probes come every few seconds. */
  private tell(reason: string | null, error?: unknown): void {
    if (reason === this.toldReason) return;
    this.toldReason = reason;
    if (reason === null) this.logger.info('ready again');
    else this.logger.error({ reason, ...(error !== undefined && { error }) }, 'not ready');
  }

  private isStale(name: string): boolean {
    const known = this.known.get(name);
    return known === undefined || performance.now() - known.at > REMEMBER_MS;
  }

  private ask(name: string, isReachable: () => Promise<boolean>): Promise<void> {
    const asking = this.asking.get(name) ?? this.askNow(name, isReachable).finally(() => this.asking.delete(name));
    this.asking.set(name, asking);
    return asking;
  }

  private async askNow(name: string, isReachable: () => Promise<boolean>): Promise<void> {
    const health = (await isReachable()) ? 'up' : 'degraded';
    this.known.set(name, { health, at: performance.now() });
  }
}
