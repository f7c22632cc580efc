/** Counts the webhooks of providers, and how late their events are stored. */
import { counter, histogram } from '../common/metrics.js';

const webhooks = counter({
  name: 'ringback_webhooks_received_total',
  help: 'Webhooks of providers. `repeated`: its events were stored before; `replayed`: the very same delivery again; `failed`: the database did not store an event.',
  labelNames: ['provider', 'outcome'],
});

const lags = histogram({
  name: 'ringback_webhook_lag_seconds',
  help: 'From the time of an event, by the clock of the provider, to its storage.',
  labelNames: ['provider'],
  buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
});

type WebhookOutcome = 'stored' | 'repeated' | 'failed' | 'forged' | 'malformed' | 'unknown_call' | 'replayed';

export const countWebhook = (provider: string, outcome: WebhookOutcome): void => {
  webhooks.inc({ provider, outcome });
};

export const observeLag = (provider: string, occurredAt: Date): void => {
  lags.observe({ provider }, Math.max(0, Date.now() - occurredAt.getTime()) / 1_000);
};
