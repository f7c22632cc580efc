/** Counts dials, and the time that calls wait for a slot at a provider with limits. */
import { counter, histogram } from '../../common/metrics.js';
import type { DialResult } from './dial.js';

const dials = counter({
  name: 'ringback_dials_total',
  help: 'Dials, one for each provider that was asked to carry a call. `category`: why it refused.',
  labelNames: ['provider', 'outcome', 'category'],
});

const slotWaits = histogram({
  name: 'ringback_dial_slot_wait_seconds',
  help: 'Time that a call waited for a slot at a provider that limits calls a second or calls at once.',
  labelNames: ['provider', 'outcome'],
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5],
});

export const countDial = (provider: string, result: DialResult): void => {
  const category = result.kind === 'refused' ? result.category : '';
  dials.inc({ provider, outcome: result.kind, category });
};

export const observeSlotWait = (provider: string, outcome: 'taken' | 'canceled' | 'refused', seconds: number): void => {
  slotWaits.observe({ provider, outcome }, seconds);
};
