import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger.js';
import { histogram, REQUEST_SECONDS } from '../common/metrics.js';
import { inSpan, outsideTraces, SpanKind } from '../common/tracing.js';
import { inTransactionSpan } from '../postgres/database-span.js';
import { MAX_ATTEMPTS } from './delivery-limits.js';
import {
  anyPending,
  claimNext,
  LEAVE_ALONE,
  lockCall,
  LOCK_IF_DISABLED,
  noteAnswer,
  PUT_BACK,
  RELEASE_JOB,
  settleDelivery,
} from './delivery-sql.js';
import { DeliveryJobs } from './delivery-jobs.js';
import { disabledBy, noteEnd } from './endpoint-health.js';
import type { DeliveryJob } from './job-payload.js';
import { secretsOf } from './signing-secrets.js';
import { WebhookRequest, type Answer } from './webhook-request.js';

const attempts = histogram({
  name: 'ringback_delivery_attempt_duration_seconds',
  help: 'Attempts to deliver a change to an endpoint, until its answer. Outcome `no_answer`: it could not be reached or gave none.',
  labelNames: ['outcome'],
  buckets: [...REQUEST_SECONDS, 15],
});

/** The job must be run again later. */
export class DeliveryFailed extends Error {}

/** As above, because the endpoint did not answer. */
export class EndpointSilent extends DeliveryFailed {}

/** Delivers the changes of a call to an endpoint, one at a time and in the order of their numbers. */
@Injectable()
export class WebhookDeliverer {
  constructor(
    private readonly database: DataSource,
    private readonly requests: WebhookRequest,
    private readonly jobs: DeliveryJobs,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Makes one attempt at the oldest pending delivery.
   * @param attemptsMade consecutive attempts, including this one
   * @throws DeliveryFailed if the same delivery must be tried again
   */
  async deliverNext(job: DeliveryJob, attemptsMade: number, stop: AbortSignal): Promise<void> {
    const { endpointId, callSid } = job;
    const [next] = await claimNext(this.database, [endpointId, callSid]);
    if (!next?.attemptId) {
      await this.release(job);
      return;
    }
    const { url, change, changeNumber } = next;
    const id = `${callSid}-${changeNumber}`;
    const secrets = secretsOf(next);
    const attributes = { 'ringback.endpoint_id': endpointId, 'ringback.change_number': changeNumber };
    const answer = await inSpan('deliver', { kind: SpanKind.CLIENT, attributes, outcomeOf: outcomeAttributes }, () =>
      this.requests.send({ url, secrets, id, body: change }, stop),
    );
    const { status, durationMs, error } = answer;
    attempts.observe({ outcome: outcomeOf(answer) }, durationMs / 1_000);
    this.logger.info({ endpointId, changeNumber, attemptsMade, status, ms: durationMs, error }, 'webhook attempt');

    const isOver = await inTransactionSpan('settle-delivery', () =>
      this.database.transaction(async (database) => {
        await lockCall(database, [callSid]);
        await noteAnswer(database, [next.attemptId, callSid, durationMs, status, error, answer.response]);
        // An attempt that our own shutdown has interrupted says nothing about the endpoint.
        if (status === null && stop.aborted) return false;
        if (error === null) await this.settle(database, job, changeNumber, 'delivered');
        else if (await disabledBy(database, endpointId, answer, this.logger)) {
          await database.query(RELEASE_JOB, [endpointId, callSid]);
        } else if (attemptsMade >= MAX_ATTEMPTS) await this.settle(database, job, changeNumber, 'failed');
        else {
          await database.query(LEAVE_ALONE, [endpointId, callSid, answer.retryAfterSeconds]);
          return false;
        }
        return true;
      }),
    );
    if (!isOver && status === null && !stop.aborted) throw new EndpointSilent(error ?? '');
    if (!isOver) throw new DeliveryFailed(error ?? '');
    outsideTraces(() => {
      this.jobs.add(callSid);
    });
  }

  /** Runs the job again as soon as a worker may take it. Its count of failed attempts, and so its back-off, stays. */
  async putBack(
    { endpointId, callSid }: DeliveryJob,
    job: { readonly id: string; readonly failures: number },
  ): Promise<void> {
    await this.database.transaction(async (database) => {
      await lockCall(database, [callSid]);
      await database.query(PUT_BACK, [endpointId, callSid, job.id, job.failures]);
    });
  }

  /**
   * Releases the key, because there is nothing to deliver or the endpoint is disabled.
   * @throws DeliveryFailed if that is no longer true
   */
  private async release({ endpointId, callSid }: DeliveryJob): Promise<void> {
    const isDue = await inTransactionSpan('release-delivery', () =>
      this.database.transaction(async (database) => {
        await lockCall(database, [callSid]);
        const disabled = await database.query<unknown[]>(LOCK_IF_DISABLED, [endpointId]);
        if (disabled.length === 0) {
          const pending = await anyPending(database, [endpointId, callSid]);
          if (pending.length > 0) return true;
        }
        await database.query(RELEASE_JOB, [endpointId, callSid]);
        return false;
      }),
    );
    if (isDue) throw new DeliveryFailed('There is something to deliver after all.');
  }

  private async settle(
    database: EntityManager,
    { endpointId, callSid }: DeliveryJob,
    changeNumber: number,
    state: 'delivered' | 'failed',
  ): Promise<void> {
    const settled = await settleDelivery(database, [endpointId, callSid, changeNumber, state]);
    // The job was unlocked as lost, and another process has done the work.
    if (settled.length === 0) return;
    await noteEnd(database, endpointId, state === 'delivered', this.logger);
    await database.query(RELEASE_JOB, [endpointId, callSid]);
    if (state === 'failed') this.logger.warn({ endpointId, changeNumber }, 'a webhook delivery has failed permanently');
  }
}

const outcomeAttributes = (answer: Answer) => ({
  'ringback.outcome': outcomeOf(answer),
  ...(answer.status !== null && { 'http.response.status_code': answer.status }),
});

const outcomeOf = ({ status, error }: Answer): string => {
  if (error === null) return 'delivered';
  return status === null ? 'no_answer' : 'refused';
};
