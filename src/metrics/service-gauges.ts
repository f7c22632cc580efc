/**
 * What is read when the metrics are asked for: the record's open calls, the deliveries that wait, the connections of
 * the pool. Every replica reports the same calls and deliveries. A look is kept for a second, so that frequent
 * scrapes, and strangers who reach the port, cost the database nothing.
 */
import { Gauge, Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { countOpenCalls } from '../call/record/open-calls.js';
import type { Logger } from '../common/logger.js';
import { lookAtWaitingDeliveries } from '../delivery/waiting-deliveries.js';
import { poolOf } from '../postgres/prepared-statement.js';

const KEPT_MS = 1_000;

const STATES = { 1: 'requested', 2: 'ringing', 3: 'answered' } as const;

export class ServiceGauges {
  private readonly registry = new Registry();
  private readonly openCalls = this.gauge('ringback_calls_open', 'Calls that are not over.', ['provider', 'state']);
  private readonly pending = this.gauge('ringback_deliveries_pending', 'Changes to be delivered, 100,000 at most.');
  private readonly oldest = this.gauge(
    'ringback_delivery_oldest_pending_age_seconds',
    'Age of the change that has waited longest for its delivery; 0 if none waits.',
  );
  private readonly disabled = this.gauge(
    'ringback_endpoints_disabled',
    'Webhook endpoints that are disabled. `by`: `ringback` because they failed, or `administrator`.',
    ['by'],
  );
  private readonly databaseUp = this.gauge('ringback_database_up', '1 if the database has answered the last look.');
  private readonly connections = this.gauge(
    'ringback_database_connections',
    'Connections for requests, of DATABASE_POOL_SIZE at most.',
    ['use'],
  );
  private readonly waiting = this.gauge('ringback_database_waiting_requests', 'Statements that wait for a connection.');
  private looking: Promise<void> | undefined;
  private lookedAt = -Infinity;

  constructor(
    private readonly database: DataSource,
    /** The names of the configured providers: they are reported although they carry no call. */
    private readonly providers: readonly string[],
    private readonly logger: Logger,
  ) {}

  /** As Prometheus reads them. Without the database's, if it does not answer. */
  async text(): Promise<string> {
    if (performance.now() - this.lookedAt > KEPT_MS) {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
      await this.looking;
    }
    const { totalCount, idleCount, waitingCount } = poolOf(this.database);
    this.connections.set({ use: 'busy' }, totalCount - idleCount);
    this.connections.set({ use: 'idle' }, idleCount);
    this.waiting.set(waitingCount);
    return this.registry.metrics();
  }

  private async look(): Promise<void> {
    this.openCalls.reset();
    try {
      const [calls, deliveries] = await Promise.all([
        countOpenCalls(this.database),
        lookAtWaitingDeliveries(this.database),
      ]);
      for (const provider of this.providers) {
        for (const state of Object.values(STATES)) this.openCalls.set({ provider, state }, 0);
      }
      for (const { provider, state, calls: count } of calls) {
        if (state !== 4) this.openCalls.set({ provider, state: STATES[state] }, count);
      }
      this.pending.set(deliveries.pending);
      this.oldest.set(deliveries.oldestSeconds);
      this.disabled.set({ by: 'ringback' }, deliveries.failedEndpoints);
      this.disabled.set({ by: 'administrator' }, deliveries.otherDisabledEndpoints);
      this.databaseUp.set(1);
    } catch (error) {
      // Readiness logs the reason once.
      this.logger.debug({ error }, 'the database could not be read for the metrics');
      for (const gauge of [this.pending, this.oldest]) gauge.remove();
      this.disabled.reset();
      this.databaseUp.set(0);
    }
    this.lookedAt = performance.now();
  }

  private gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}
