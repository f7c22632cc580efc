/** How this replica learns of the changes that others have stored. */
import { counter, gauge, histogram } from '../../common/metrics.js';
import type { CallChange } from '../record/call-change.js';

const hintLag = histogram({
  name: 'ringback_feed_hint_lag_seconds',
  help: 'From the storage of a change by another replica, by the clock of the database, to the arrival of its hint.',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
});

const found = counter({
  name: 'ringback_feed_calls_found_total',
  help: 'Calls with changes that no hint had announced, found by a look at the database.',
});

const state = gauge({
  name: 'ringback_feed_state',
  help: '`connected`: 1 while the change feed reads the database. `hearing`: 1 while hints of other replicas can arrive.',
  labelNames: ['condition'],
});

export const observeHint = ({ timestamp }: CallChange): void => {
  hintLag.observe(Math.max(0, Date.now() - Date.parse(timestamp)) / 1_000);
};

export const countFound = (calls: number): void => {
  found.inc(calls);
};

export const showFeed = (condition: 'connected' | 'hearing', holds: boolean): void => {
  state.set({ condition }, holds ? 1 : 0);
};
