/**
 * Tells a webhook endpoint of a freeze. It is no change of a call, so it has no place in the order of one, and is no row of
 * webhook_deliveries: its job is all there is. A trigger adds the job with the freeze.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger.js';
import { disabledBy, noteEnd } from './endpoint-health.js';
import { DeliveryFailed, EndpointSilent } from './webhook-deliverer.js';
import type { FreezeJob } from './job-payload.js';
import { PREVIOUS_SECRET, secretsOf, type SigningSecrets } from './signing-secrets.js';
import { FREEZE_EVENT } from './webhook-endpoint.entity.js';
import { WebhookRequest, type Answer } from './webhook-request.js';

interface Announced extends SigningSecrets {
  readonly kind: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly frozenBy: string;
  readonly createdAt: Date;
  readonly url: string;
}

const FIND = `
select stop.kind, stop.subject, stop.reason, stop.frozen_by as "frozenBy", stop.created_at as "createdAt",
  endpoint.url, endpoint.secret,
  ${PREVIOUS_SECRET} as "previousSecret"
from call_freeze stop, webhook_endpoint endpoint
where stop.id = $1 and endpoint.id = $2 and endpoint.disabled_at is null`;

/** $1: the id of the running job, $2: the receiver's Retry-After in seconds. As in delivery-sql.ts. */
const LEAVE_ALONE = `
update graphile_worker._private_jobs
set run_at = now() + ($2 - exp(least(attempts, 10))) * interval '1 second'
where id = $1 and $2 > exp(least(attempts, 10))`;

/**
 * $1: the freeze's id, $2: the endpoint's id, $3: the id of the running job, $4: its failed attempts. A worker deletes the job
 * that it has run, so another job takes its place.
 */
const PUT_BACK = `
select graphile_worker.reschedule_jobs(array[call_freeze_add_job($1, $2)], attempts => $4)
from graphile_worker.jobs where id = $3 and key is not null`;

interface RunningJob {
  readonly id: string;
  /** With the present one. */
  readonly attempts: number;
  readonly maxAttempts: number;
}

@Injectable()
export class FreezeAnnouncement {
  constructor(
    private readonly database: DataSource,
    private readonly requests: WebhookRequest,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes one attempt. @throws DeliveryFailed if it must be made again */
  async send({ freezeId, endpointId }: FreezeJob, job: RunningJob, stop: AbortSignal): Promise<void> {
    const [found] = await this.database.query<Announced[]>(FIND, [freezeId, endpointId]);
    if (!found) return;
    const { url, createdAt, kind, subject, reason, frozenBy } = found;
    const body = JSON.stringify({
      type: FREEZE_EVENT,
      timestamp: createdAt,
      data: { freezeId, kind, subject, reason, frozenBy },
    });
    const answer = await this.requests.send({ url, secrets: secretsOf(found), id: `freeze-${freezeId}`, body }, stop);
    const { status, durationMs, error } = answer;
    this.logger.info({ endpointId, freezeId, status, ms: durationMs, error }, 'webhook attempt for a freeze');
    // An attempt that our own shutdown has interrupted says nothing about the endpoint.
    if (status === null && stop.aborted) throw new DeliveryFailed(error ?? '');
    if (error === null) await noteEnd(this.database.manager, endpointId, true, this.logger);
    else if (!(await this.isGivenUp({ freezeId, endpointId }, job, answer))) {
      throw status === null ? new EndpointSilent(error) : new DeliveryFailed(error);
    }
  }

  private isGivenUp({ freezeId, endpointId }: FreezeJob, job: RunningJob, answer: Answer): Promise<boolean> {
    return this.database.transaction(async (database) => {
      if (await disabledBy(database, endpointId, answer, this.logger)) return true;
      if (job.attempts < job.maxAttempts) {
        await database.query(LEAVE_ALONE, [job.id, answer.retryAfterSeconds]);
        return false;
      }
      await noteEnd(database, endpointId, false, this.logger);
      this.logger.warn({ endpointId, freezeId }, 'an endpoint was not told of a freeze');
      return true;
    });
  }

  /** Runs the job again as soon as a worker may take it, with its count of failed attempts. */
  async putBack(
    { freezeId, endpointId }: FreezeJob,
    job: { readonly id: string; readonly failures: number },
  ): Promise<void> {
    await this.database.query(PUT_BACK, [freezeId, endpointId, job.id, job.failures]);
  }
}
