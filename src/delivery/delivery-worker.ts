/**
 * Runs the jobs of the queue, on any number of replicas. It has its own connections, at most three and one while idle,
 * so that requests never wait for deliveries. A database outage stops the worker only for its duration.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { JobHelpers, Runner, TaskList, Worker } from 'graphile-worker';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.service.js';
import { inTraceOfCall } from '../call/record/call-trace.js';
import { Draining } from '../common/draining.js';
import { runWithLogContext } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, directUrlOf, type Config } from '../config/config.js';
import { run } from '../postgres/graphile-worker.js';
import { ANSWER_LIMIT_MS, CONNECT_LIMIT_MS, STATEMENT_LIMIT_MS } from '../postgres/time-limits.js';
import { JOB_SCHEMA, jobPool } from '../postgres/job-queue.js';
import { EndpointSilent, WebhookDeliverer } from './webhook-deliverer.js';
import { ATTEMPTS_AT_ONCE } from './delivery-limits.js';
import { EndpointSlots } from './endpoint-slots.js';
import { FreezeAnnouncement } from './freeze-announcement.js';
import { deliveryJobOf, endpointIdOf, freezeJobOf } from './job-payload.js';
import { queueLogger } from './queue-logger.js';
import { DeliveryMaintenance } from './delivery-maintenance.js';

/** One listens for new jobs. Fetching and completing a job are statements of a millisecond. */
const CONNECTIONS = 3;
/** A stopping process has ten seconds; half of them are for attempts to end by themselves. */
const FINISH_LIMIT_MS = 5_000;
const START_AGAIN_AFTER_MS = 1_000;
/** After the end of the attempts in flight, for which a failing runner waits. */
const GIVE_UP_LIMIT_MS = FINISH_LIMIT_MS + 2_000;

/** One replica adds each job. A job that is still waiting is replaced. */
const TIMETABLE = `
* * * * * recover ?jobKey=recover
17 * * * * forget ?jobKey=forget
47 * * * * forget_audit ?jobKey=forget_audit
`;

@Injectable()
export class DeliveryWorker implements BeforeApplicationShutdown {
  private readonly slots = new EndpointSlots();
  private readonly stopping = new AbortController();
  private runner: Runner | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly deliverer: WebhookDeliverer,
    private readonly freezes: FreezeAnnouncement,
    private readonly maintenance: DeliveryMaintenance,
    private readonly audit: AuditLog,
    private readonly draining: Draining,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Called once the service listens, so that a failing start takes no job and records no failed attempt. */
  start(): void {
    this.working = this.work();
    this.draining.signal.addEventListener('abort', () => void this.stop());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
    await this.working;
  }

  /** graphile-worker gives up after minutes without a database. This loop starts it again. */
  private async work(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const pool = this.openPool();
      try {
        const events = new EventEmitter();
        this.runner = await this.startRunner(pool, events);
        await this.untilEnded(this.runner, events);
        if (this.stopping.signal.aborted) {
          await pool.end();
          return;
        }
      } catch (error) {
        this.logger.warn({ error }, 'the delivery worker has failed, and starts again');
      }
      // Neither is awaited: a failed runner keeps its timetable running until it is stopped, and one of its connections
      // may never return.
      if (this.runner) void stopRunner(this.runner, this.logger);
      void pool.end();
      await sleep(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A stop may have been requested during the start. */
  private async untilEnded(runner: Runner, events: EventEmitter): Promise<void> {
    const givenUp = untilGivenUp(events);
    if (this.stopping.signal.aborted) await Promise.race([runner.stop(), givenUp]);
    await Promise.race([runner.promise, givenUp]);
  }

  /** One pool per runner, so that a runner never waits for connections that the previous one still holds. */
  private openPool(): Pool {
    return jobPool(
      {
        connectionString: directUrlOf(this.config),
        max: CONNECTIONS,
        connectLimitMs: CONNECT_LIMIT_MS,
        query_timeout: ANSWER_LIMIT_MS,
        session: { statement_timeout: String(STATEMENT_LIMIT_MS) },
      },
      (error) => {
        this.logger.warn({ error }, 'a connection of the delivery worker was lost');
      },
    );
  }

  private async startRunner(pool: Pool, events: EventEmitter): Promise<Runner> {
    endQuietly(events);
    const runner = await run({
      pgPool: pool,
      schema: JOB_SCHEMA,
      logger: queueLogger(this.logger),
      noHandleSignals: true,
      concurrency: ATTEMPTS_AT_ONCE,
      gracefulShutdownAbortTimeout: FINISH_LIMIT_MS,
      // Without these, the error of a job that cannot be completed during a database outage is an unhandled rejection.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      taskList: this.tasks(),
      crontab: TIMETABLE,
      forbiddenFlags: () => this.busyEndpoints(),
      events,
    });
    restartIfFirstFetchFails(runner, events, this.logger);
    return runner;
  }

  /** Takes no more jobs, and waits for those in flight. */
  private async stop(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    // A failing runner may never report that it has stopped.
    if (this.runner) await Promise.race([stopRunner(this.runner, this.logger), this.working]);
  }

  private tasks(): TaskList {
    return {
      deliver: (payload, helpers) => this.deliver(payload, helpers),
      resume: (payload, { abortSignal }) => this.maintenance.resume(endpointIdOf(payload), abortSignal),
      announce_freeze: (payload, helpers) => this.announceFreeze(payload, helpers),
      recover: () => this.maintenance.recover(),
      forget: (_payload, { abortSignal }) => this.maintenance.forget(abortSignal),
      forget_audit: (_payload, { abortSignal }) => this.audit.forget(abortSignal),
    };
  }

  private deliver(payload: unknown, { abortSignal, job: { id, attempts } }: JobHelpers): Promise<void> {
    const job = deliveryJobOf(payload);
    return runWithLogContext({ callSid: job.callSid }, () =>
      this.inSlot(job.endpointId, {
        attempt: () =>
          inTraceOfCall(this.database, job.callSid, () => this.deliverer.deliverNext(job, attempts, abortSignal)),
        putBack: () => this.deliverer.putBack(job, { id, failures: attempts - 1 }),
      }),
    );
  }

  private announceFreeze(payload: unknown, { abortSignal, job: running }: JobHelpers): Promise<void> {
    const job = freezeJobOf(payload);
    const { id, attempts, max_attempts: maxAttempts } = running;
    return this.inSlot(job.endpointId, {
      attempt: () => this.freezes.send(job, { id, attempts, maxAttempts }, abortSignal),
      putBack: () => this.freezes.putBack(job, { id, failures: attempts - 1 }),
    });
  }

  /**
   * Workers that fetch a job at the same moment see the same busy endpoints, so more jobs may arrive here than there
   * are slots. Jobs without a slot are put back. This cannot loop: the endpoint is busy now, so no worker fetches them
   * until a slot is free.
   */
  private async inSlot(
    endpointId: string,
    { attempt, putBack }: Readonly<Record<'attempt' | 'putBack', () => Promise<void>>>,
  ): Promise<void> {
    if (!this.slots.take(endpointId)) return putBack();
    let isSilent = false;
    try {
      await attempt();
    } catch (error) {
      isSilent = error instanceof EndpointSilent;
      throw error;
    } finally {
      this.slots.release(endpointId, isSilent);
    }
  }

  /** The flags of jobs that must not be fetched now. */
  private busyEndpoints(): string[] {
    return this.slots.full.map((endpointId) => `endpoint:${endpointId}`);
  }
}

/** The runner may have ended by itself; then stop() rejects. */
const stopRunner = (runner: Runner, logger: Logger): Promise<void> =>
  runner.stop().catch((error: unknown) => {
    logger.debug({ error }, 'the delivery worker had ended before it was stopped');
  });

/**
 * Rejects some time after the runner has given up. graphile-worker 0.17 counts wrongly if one job could not be
 * completed and later ones could (main.js, batch: each success lowers the count). Such a runner takes no more jobs and
 * never ends.
 */
const untilGivenUp = (events: EventEmitter): Promise<never> =>
  new Promise((_, reject) => {
    events.once('pool:fatalError', ({ error }: { readonly error: unknown }) => {
      setTimeout(reject, GIVE_UP_LIMIT_MS, error).unref();
    });
  });

/**
 * If its very first fetch of a job fails, graphile-worker 0.17 caches the rejected promise permanently
 * (taskIdentifiers.js) and never finds a job. Such a runner is replaced.
 */
const restartIfFirstFetchFails = (runner: Runner, events: EventEmitter, logger: Logger): void => {
  const end = (): void => {
    // After all its workers have failed; otherwise each of them logs an error.
    setImmediate(() => {
      void stopRunner(runner, logger);
    });
  };
  events.once('worker:getJob:error', end);
  for (const sight of ['job:start', 'worker:getJob:empty']) {
    events.once(sight, () => events.off('worker:getJob:error', end));
  }
};

/**
 * If a fetch fails while the pool shuts down, the worker has nothing left to do. Without this it would end with that
 * error, and graphile-worker would print it to stderr with console.trace.
 */
const endQuietly = (events: EventEmitter): void => {
  let isShuttingDown = false;
  events.once('pool:gracefulShutdown', () => {
    isShuttingDown = true;
  });
  events.on('worker:getJob:error', ({ worker }: { readonly worker: Worker }) => {
    if (isShuttingDown) void worker.release(true);
  });
};
