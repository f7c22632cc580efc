/**
 * Sends a signed message to an endpoint now, so that an administrator sees what it answers. It is no delivery: it is not
 * repeated, it may go to a disabled endpoint, and it says nothing about the endpoint's health.
 */
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { targetOf } from '../audit/target.js';
import { Draining } from '../common/draining.js';
import { isLong } from '../common/long.js';
import { noSuchEndpoint } from './endpoint.service.js';
import { PREVIOUS_SECRET, secretsOf, type SigningSecrets } from './signing-secrets.js';
import { WebhookRequest } from './webhook-request.js';

/** No endpoint subscribes to it. */
export const TEST_EVENT = 'webhook.test';

export interface TestedEndpoint {
  readonly delivered: boolean;
  readonly webhookId: string;
  readonly durationMs: number;
  /** Null without a response. */
  readonly status: number | null;
  /** Null if it was delivered. */
  readonly error: string | null;
  /** The beginning of the response. */
  readonly response: string | null;
}

interface Endpoint extends SigningSecrets {
  readonly url: string;
}

const FIND = `
select url, secret, ${PREVIOUS_SECRET} as "previousSecret"
from webhook_endpoint endpoint where id = $1`;

@Injectable()
export class EndpointTest {
  constructor(
    private readonly database: DataSource,
    private readonly requests: WebhookRequest,
    private readonly audit: AuditTrail,
    private readonly draining: Draining,
  ) {}

  /** @throws AppError NOT_FOUND if there is no such endpoint */
  async send(id: string, author: Author): Promise<TestedEndpoint> {
    const [endpoint] = isLong(id) ? await this.database.query<Endpoint[]>(FIND, [id]) : [];
    if (!endpoint) throw noSuchEndpoint();
    return this.audit.order(author, targetOf('webhook-endpoint', id), () => this.post(id, endpoint), outcomeOf);
  }

  private async post(endpointId: string, endpoint: Endpoint): Promise<TestedEndpoint> {
    const webhookId = `test-${randomUUID()}`;
    const body = JSON.stringify({ type: TEST_EVENT, timestamp: new Date(), data: { endpointId } });
    const { durationMs, status, error, response } = await this.requests.send(
      { url: endpoint.url, secrets: secretsOf(endpoint), id: webhookId, body },
      this.draining.signal,
    );
    return { delivered: error === null, webhookId, durationMs, status, error, response };
  }
}

const outcomeOf = ({ delivered, status }: TestedEndpoint): string => {
  if (delivered) return 'delivered';
  return status === null ? 'no_answer' : 'refused';
};
