/**
 * Tells a webhook endpoint of a freeze. It is no change of a call, so it has no place in the order of one, and is no row of
 * webhook_deliveries: its job is all there is. A trigger adds the job with the freeze.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../common/logger.js';
import { DeliveryFailed, EndpointSilent } from './webhook-deliverer.js';
import type { FreezeJob } from './job-payload.js';
import { FREEZE_EVENT } from './webhook-endpoint.entity.js';
import { WebhookRequest } from './webhook-request.js';

interface Announced {
  readonly kind: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly frozenBy: string;
  readonly createdAt: Date;
  readonly url: string;
  readonly secret: string;
  readonly previousSecret: string | null;
}

const FIND = `
select stop.kind, stop.subject, stop.reason, stop.frozen_by as "frozenBy", stop.created_at as "createdAt",
  endpoint.url, endpoint.secret,
  case when endpoint.previous_secret_until > now() then endpoint.previous_secret end as "previousSecret"
from call_freeze stop, webhook_endpoint endpoint
where stop.id = $1 and endpoint.id = $2 and endpoint.disabled_at is null`;

/**
 * $1: the freeze's id, $2: the endpoint's id, $3: the id of the running job, $4: its failed attempts. A worker deletes the job
 * that it has run, so another job takes its place.
 */
const PUT_BACK = `
select graphile_worker.reschedule_jobs(array[call_freeze_add_job($1, $2)], attempts => $4)
from graphile_worker.jobs where id = $3 and key is not null`;

@Injectable()
export class FreezeAnnouncement {
  constructor(
    private readonly database: DataSource,
    private readonly requests: WebhookRequest,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes one attempt. @throws DeliveryFailed if it must be made again */
  async send({ freezeId, endpointId }: FreezeJob, stop: AbortSignal): Promise<void> {
    const [found] = await this.database.query<Announced[]>(FIND, [freezeId, endpointId]);
    if (!found) return;
    const { url, secret, previousSecret, createdAt, kind, subject, reason, frozenBy } = found;
    const secrets = previousSecret === null ? [secret] : [secret, previousSecret];
    const body = JSON.stringify({
      type: FREEZE_EVENT,
      timestamp: createdAt,
      data: { freezeId, kind, subject, reason, frozenBy },
    });
    const { status, durationMs, error } = await this.requests.send(
      { url, secrets, id: `freeze-${freezeId}`, body },
      stop,
    );
    this.logger.info({ endpointId, freezeId, status, ms: durationMs, error }, 'webhook attempt for a freeze');
    if (error === null) return;
    throw status === null && !stop.aborted ? new EndpointSilent(error) : new DeliveryFailed(error);
  }

  /** Runs the job again as soon as a worker may take it, with its count of failed attempts. */
  async putBack(
    { freezeId, endpointId }: FreezeJob,
    job: { readonly id: string; readonly failures: number },
  ): Promise<void> {
    await this.database.query(PUT_BACK, [freezeId, endpointId, job.id, job.failures]);
  }
}
