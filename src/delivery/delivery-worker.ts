/**
 * Runs the jobs of the queue, on any number of replicas. It has connections of its own, three at most and one while nothing
 * happens, so that requests never wait for deliveries; a database that goes away stops it for as long, and no longer.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { run, type JobHelpers, type Runner, type TaskList, type Worker } from 'graphile-worker';
import type { Pool } from 'pg';
import { Draining } from '../common/draining.js';
import { runWithLogContext } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, directUrlOf, type Config } from '../config/config.js';
import { ANSWER_LIMIT_MS, CONNECT_LIMIT_MS, STATEMENT_LIMIT_MS } from '../postgres/time-limits.js';
import { JOB_SCHEMA, jobPool } from '../postgres/job-queue.js';
import { EndpointSilent, WebhookDeliverer } from './webhook-deliverer.js';
import { ATTEMPTS_AT_ONCE } from './delivery-limits.js';
import { EndpointSlots } from './endpoint-slots.js';
import { deliveryJobOf, endpointIdOf } from './job-payload.js';
import { queueLogger } from './queue-logger.js';
import { DeliveryMaintenance } from './delivery-maintenance.js';

/** One listens for new jobs; taking one and putting it away are statements of a millisecond. */
const CONNECTIONS = 3;
/** A process that is to stop has ten seconds; an attempt has half of them to end by itself. */
const FINISH_LIMIT_MS = 5_000;
const START_AGAIN_AFTER_MS = 1_000;
/** Past the end of the attempts under way, for which a runner that gives up waits. */
const GIVE_UP_LIMIT_MS = FINISH_LIMIT_MS + 2_000;

/** Of any number of replicas one adds the job; one that is still waiting is replaced. */
const TIMETABLE = `
* * * * * recover ?jobKey=recover
17 * * * * forget ?jobKey=forget
`;

@Injectable()
export class DeliveryWorker implements BeforeApplicationShutdown {
  private readonly slots = new EndpointSlots();
  private readonly stopping = new AbortController();
  private runner: Runner | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly deliverer: WebhookDeliverer,
    private readonly maintenance: DeliveryMaintenance,
    private readonly draining: Draining,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Once the service listens: a start that fails before takes no job and holds no attempt against an endpoint. */
  start(): void {
    this.working = this.work();
    this.draining.signal.addEventListener('abort', () => void this.stop());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
    await this.working;
  }

  /** graphile-worker gives up when the database has been away for minutes; we do not. */
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
      // Neither is waited for: a runner that was given up goes on with its timetable, and a connection of it may never come back.
      if (this.runner) void stopRunner(this.runner, this.logger);
      void pool.end();
      await sleep(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** It may have been told to stop while it started. */
  private async untilEnded(runner: Runner, events: EventEmitter): Promise<void> {
    const givenUp = untilGivenUp(events);
    if (this.stopping.signal.aborted) await Promise.race([runner.stop(), givenUp]);
    await Promise.race([runner.promise, givenUp]);
  }

  /** One for each runner, so that none waits for connections which the one before has kept. */
  private openPool(): Pool {
    return jobPool(
      {
        connectionString: directUrlOf(this.config),
        max: CONNECTIONS,
        connectionTimeoutMillis: CONNECT_LIMIT_MS,
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
      // Without these, nobody catches the error of a job that cannot be put away because the database is gone.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      taskList: this.tasks(),
      crontab: TIMETABLE,
      forbiddenFlags: () => this.busyEndpoints(),
      events,
    });
    restartIfFirstFetchFails(runner, events, this.logger);
    return runner;
  }

  /** Takes no job any more, and waits for those that are under way. */
  private async stop(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    // A runner that gives up may never say that it has stopped.
    if (this.runner) await Promise.race([stopRunner(this.runner, this.logger), this.working]);
  }

  private tasks(): TaskList {
    return {
      deliver: (payload, helpers) => this.deliver(payload, helpers),
      resume: (payload, { abortSignal }) => this.maintenance.resume(endpointIdOf(payload), abortSignal),
      recover: () => this.maintenance.recover(),
      forget: (_payload, { abortSignal }) => this.maintenance.forget(abortSignal),
    };
  }

  /**
   * Workers that look for a job at the same moment see the same busy endpoints, so more jobs may come here than there are
   * slots. Those that get none are put back. This cannot loop: the endpoint is busy now, so no worker takes them until a
   * slot is free.
   */
  private deliver(payload: unknown, { abortSignal, job: { id, attempts } }: JobHelpers): Promise<void> {
    const job = deliveryJobOf(payload);
    return runWithLogContext({ callSid: job.callSid }, async () => {
      if (!this.slots.take(job.endpointId)) return this.deliverer.putBack(job, { id, failures: attempts - 1 });
      let isSilent = false;
      try {
        await this.deliverer.deliverNext(job, attempts, abortSignal);
      } catch (error) {
        isSilent = error instanceof EndpointSilent;
        throw error;
      } finally {
        this.slots.release(job.endpointId, isSilent);
      }
    });
  }

  /** The flags of jobs that are not taken now. */
  private busyEndpoints(): string[] {
    return this.slots.full.map((endpointId) => `endpoint:${endpointId}`);
  }
}

/** It may have ended by itself, and says so. */
const stopRunner = (runner: Runner, logger: Logger): Promise<void> =>
  runner.stop().catch((error: unknown) => {
    logger.debug({ error }, 'the delivery worker had ended before it was stopped');
  });

/**
 * Rejects some time after the runner has given up. graphile-worker 0.17 counts wrongly where a job could not be put away and others
 * then could (main.js, batch: allgood lowers the count with each of them): such a runner takes no job any more, and never ends.
 */
const untilGivenUp = (events: EventEmitter): Promise<never> =>
  new Promise((_, reject) => {
    events.once('pool:fatalError', ({ error }: { readonly error: unknown }) => {
      setTimeout(reject, GIVE_UP_LIMIT_MS, error).unref();
    });
  });

/**
 * graphile-worker 0.17 remembers it for good when its very first look for a job fails (taskIdentifiers.js keeps the
 * rejected promise), and never finds one. Such a runner makes room for another.
 */
const restartIfFirstFetchFails = (runner: Runner, events: EventEmitter, logger: Logger): void => {
  const end = (): void => {
    // Once all its workers have seen it; else each of them complains.
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
 * A worker whose look for a job fails while its pool shuts down has nothing left to do. Left alone it ends with that error, and
 * graphile-worker prints it on stderr by console.trace.
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
