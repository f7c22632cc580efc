/** Counts and times the requests to providers. */
import { counter, gauge, histogram, REQUEST_SECONDS } from '../common/metrics.js';
import type { ProviderOperation } from './provider-request.js';
import { StatusUnavailable } from './telephony-provider.js';

const durations = histogram({
  name: 'ringback_provider_request_duration_seconds',
  help: 'Time until the outcome of a request to a provider. `failed`: the outcome is unknown; a request that did not reach the provider is `refused`.',
  labelNames: ['provider', 'operation', 'outcome'],
  buckets: REQUEST_SECONDS,
});

const notSent = counter({
  name: 'ringback_provider_requests_not_sent_total',
  help: 'Requests that were refused before they were sent: the circuit is open, or too many are in flight.',
  labelNames: ['provider', 'operation', 'reason'],
});

const circuits = gauge({
  name: 'ringback_provider_circuit_open',
  help: '1 while a circuit is open or tries whether the provider works again, else 0.',
  labelNames: ['provider', 'operation'],
});

const lastEvent = gauge({
  name: 'ringback_provider_last_event_timestamp_seconds',
  help: 'Unix time of the last webhook or stream event of a provider that this process received; before the first, of its start.',
  labelNames: ['provider'],
});

/** @param outcomeOf the label of an answer */
export const timed = async <Reply>(
  provider: string,
  operation: ProviderOperation,
  outcomeOf: (reply: Reply) => string,
  request: () => Promise<Reply>,
): Promise<Reply> => {
  const start = performance.now();
  const observe = (outcome: string): void => {
    durations.observe({ provider, operation, outcome }, (performance.now() - start) / 1_000);
  };
  try {
    const reply = await request();
    observe(outcomeOf(reply));
    return reply;
  } catch (error) {
    observe(error instanceof StatusUnavailable ? 'unavailable' : 'failed');
    throw error;
  }
};

export const countNotSent = (provider: string, operation: ProviderOperation, reason: string): void => {
  notSent.inc({ provider, operation, reason });
};

export const showCircuit = (provider: string, operation: ProviderOperation, isOpen: boolean): void => {
  circuits.set({ provider, operation }, isOpen ? 1 : 0);
};

export const noteEvent = (provider: string): void => {
  lastEvent.setToCurrentTime({ provider });
};
