/** Rounds of `durable` as cells of a table. */
import type { Aim } from '../report.js';
import type { Outcome } from './round.js';

const percent = (share: number, digits = 0): string =>
  Number.isNaN(share) ? '' : `${(share * 100).toFixed(digits)} %`;

export const HEAD_OF_ROUNDS = [
  'a second',
  'each round',
  'p50',
  'p99',
  'service’s core',
  'PostgreSQL’s',
  'load’s',
  'waits: Lock/object',
  'flush',
  'none',
];

export const cellsOf = ({ rounds, of }: Outcome): string[] => [
  of('perSecond').toFixed(0),
  rounds.map(({ perSecond }) => perSecond.toFixed(0)).join(', '),
  `${of('p50Ms').toFixed(1)} ms`,
  `${of('p99Ms').toFixed(1)} ms`,
  percent(of('programsBusy')),
  percent(of('databaseBusy')),
  percent(of('loadBusy')),
  percent(of('objectLock'), 1),
  percent(of('flush')),
  percent(of('nothing')),
];

export const atLeast = (text: string, figure: number, least: number, digits = 2): Aim => ({
  text,
  figure: figure.toFixed(digits),
  isReached: figure >= least,
});

/** @param outcomes of Ringback */
export const noObjectLock = (outcomes: readonly Outcome[]): Aim => {
  const most = Math.max(...outcomes.flatMap(({ rounds }) => rounds.map(({ objectLock }) => objectLock)));
  return { text: 'no wait of ours for Lock/object, in any round', figure: percent(most, 1), isReached: most === 0 };
};
