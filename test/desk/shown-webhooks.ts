/** Endpoints and deliveries for the pictures: one that accepts, one that fails, and one that is disabled. */
import type { TestApp } from '../support/test-app.js';
import { endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';

export const ENVIRONMENT_OF_WEBHOOKS = { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' };

/** Instead of addresses of this machine, with ports that differ each time. */
const URLS = [
  'https://backend.example.com/ringback',
  'https://crm.example.com/hooks/calls',
  'https://billing.example.com/ringback',
] as const;

/** @returns the id of a delivery that was accepted at the second attempt, of the first endpoint */
export const storeWebhooks = async (service: TestApp): Promise<string> => {
  const [accepting, failing, gone] = await Promise.all(URLS.map(startWebhookReceiver));
  const receivers = [accepting!, failing!, gone!];
  try {
    await registerEndpoint(service, { url: accepting!.url });
    await registerEndpoint(service, { url: failing!.url, eventTypes: ['call.answered', 'call.over'] });
    await registerEndpoint(service, { url: gone!.url, eventTypes: ['call.over'] });
    await endedTestCall(service);
    await waitFor('the first call', () => accepting!.accepted().length === 4);
    accepting!.replyWith(() => ({ status: 503, body: '{"error":"overloaded","retry":true}' }));
    failing!.replyWith(() => ({ status: 500, body: 'Internal Server Error' }));
    gone!.replyWith(() => 410);
    const callSid = await endedTestCall(service);
    await waitFor('a failure', () => accepting!.received.length === 5);
    accepting!.replyWith(() => 204);
    await waitFor('the second call', async () => {
      await retryNow(service.database);
      return accepting!.accepted(callSid).length === 4;
    });
    await waitFor('an endpoint that is disabled', async () => {
      const response = await service.admin('GET', 'webhook-endpoints/3');
      return !((await response.json()) as { enabled: boolean }).enabled;
    });
    for (const [index, url] of URLS.entries()) {
      await service.database.query('update webhook_endpoint set url = $2 where id = $1', [index + 1, url]);
      await service.database.query(
        `update audit_entry set after = jsonb_set(after, '{url}', to_jsonb($2::text)) where target = $1`,
        [`webhook-endpoint:${index + 1}`, url],
      );
    }
    return `${callSid}-1`;
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.close()));
  }
};
