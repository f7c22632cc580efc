/** Placing and webhook in, compared with Fastify and pg with the same statements, on both disks. */
import { startContenders, type Contender, type ContenderName } from '../contenders.js';
import { PLACING } from '../placing.js';
import type { Report } from '../report.js';
import { WEBHOOKS } from '../webhooks.js';
import type { Work } from '../work.js';
import { diskOf, SLOW_MS, TUNING, type DurablePlace } from './place.js';
import { atLeast, cellsOf, HEAD_OF_ROUNDS, noObjectLock } from './round-cells.js';
import { carryOutAll, type Outcome, type Trial } from './round.js';

const CONNECTIONS = 64;
const NAMES: readonly ContenderName[] = ['Ringback', 'Fastify and pg'];

interface Setting {
  readonly delayMs: number;
  readonly endpoints: number;
}

export const measureDurablePlacing = async (place: DurablePlace, seconds: number): Promise<Report> => {
  const contenders = await startContenders(place, NAMES, TUNING);
  const settings = disksOf(place).map((delayMs) => ({ delayMs, endpoints: 0 }));
  const outcomes = new Outcomes(await carryOutAll(place, trialsOf(PLACING, contenders, settings), seconds));
  const slow = { delayMs: SLOW_MS, endpoints: 0 };
  const ours = outcomes.perSecond('Ringback', slow);
  return {
    work: 'durable-placing',
    title: `placing, durably: ${CONNECTIONS} connections, pools of ${TUNING.poolSize}`,
    head: ['disk', 'program', ...HEAD_OF_ROUNDS, 'Ringback ÷ it'],
    rows: outcomes.all.map((outcome) => [diskOf(outcome.trial.delayMs), ...outcomes.rowOf(outcome)]),
    aims: [
      ...(place.delayFlush
        ? [
            atLeast(`placing, ${SLOW_MS} ms: ≥ 650 a second`, ours, 650, 0),
            atLeast(`placing, ${SLOW_MS} ms: ≥ 0.9 of Fastify and pg`, outcomes.ratio(slow), 0.9),
          ]
        : []),
      noObjectLock(outcomes.of('Ringback')),
    ],
  };
};

/** Every change is delivered to each endpoint. */
export const measureDurableWebhooks = async (place: DurablePlace, seconds: number): Promise<Report> => {
  const contenders = await startContenders(place, NAMES, TUNING);
  const settings = [
    ...[0, 1, 4].map((endpoints) => ({ delayMs: place.slowestMs, endpoints })),
    ...(place.delayFlush ? [{ delayMs: 0, endpoints: 1 }] : []),
  ];
  const outcomes = new Outcomes(await carryOutAll(place, trialsOf(WEBHOOKS, contenders, settings), seconds));
  const slow = { delayMs: SLOW_MS, endpoints: 1 };
  const ofOwnDisk = outcomes.perSecond('Ringback', slow) / outcomes.perSecond('Ringback', { delayMs: 0, endpoints: 1 });
  return {
    work: 'durable-webhooks',
    title: `webhook in, durably: ${CONNECTIONS} connections, pools of ${TUNING.poolSize}, by endpoints that each change is delivered to`,
    head: ['disk', 'endpoints', 'program', ...HEAD_OF_ROUNDS, 'Ringback ÷ it', 'delivered a second, meanwhile'],
    rows: outcomes.all.map((outcome) => [
      diskOf(outcome.trial.delayMs),
      String(outcome.trial.endpoints),
      ...outcomes.rowOf(outcome),
      outcome.of('deliveredPerSecond').toFixed(0),
    ]),
    aims: [
      ...(place.delayFlush
        ? [
            atLeast(`${SLOW_MS} ms, 1 endpoint: ≥ 0.8 of Fastify and pg`, outcomes.ratio(slow), 0.8),
            atLeast(`${SLOW_MS} ms, 1 endpoint: ≥ 0.6 of the same on the machine’s own disk`, ofOwnDisk, 0.6),
          ]
        : []),
      noObjectLock(outcomes.of('Ringback')),
    ],
  };
};

const disksOf = ({ delayFlush }: DurablePlace): readonly number[] => (delayFlush ? [SLOW_MS, 0] : [0]);

const trialsOf = (work: Work, contenders: readonly Contender[], settings: readonly Setting[]): Trial[] =>
  settings.flatMap((setting) =>
    contenders.map((contender) => ({
      ...setting,
      cells: [contender.name],
      work,
      programs: [contender],
      connections: CONNECTIONS,
    })),
  );

/** The outcomes of all programs in all settings. */
class Outcomes {
  constructor(readonly all: readonly Outcome[]) {}

  of(name: ContenderName): readonly Outcome[] {
    return this.all.filter(({ trial }) => trial.programs[0]?.name === name);
  }

  perSecond(name: ContenderName, { delayMs, endpoints }: Setting): number {
    const found = this.of(name).find(({ trial }) => trial.delayMs === delayMs && trial.endpoints === endpoints);
    return found?.of('perSecond') ?? NaN;
  }

  ratio(setting: Setting): number {
    return this.perSecond('Ringback', setting) / this.perSecond('Fastify and pg', setting);
  }

  rowOf(outcome: Outcome): string[] {
    const isOurs = outcome.trial.programs[0]?.name === 'Ringback';
    return [...outcome.trial.cells, ...cellsOf(outcome), isOurs ? '' : this.ratio(outcome.trial).toFixed(2)];
  }
}
