/** Placing on the slow disk with two replicas, compared with one. As in the work `replicas`, none is pinned to a core. */
import { cpus } from 'node:os';
import type { Contender } from '../contenders.js';
import { ON_EVERY_CORE } from '../machine.js';
import { PLACING } from '../placing.js';
import type { Report } from '../report.js';
import { startProvider, startService } from '../service.js';
import { boundOf, isOfCores } from './bound.js';
import { diskOf, TUNING, type DurablePlace } from './place.js';
import { cellsOf, HEAD_OF_ROUNDS, noObjectLock } from './round-cells.js';
import { carryOutAll, type Outcome } from './round.js';

const CONNECTIONS = 64;
const MIN_GAIN = 1.5;

export const measureDurableReplicas = async (place: DurablePlace, seconds: number): Promise<Report> => {
  const database = await place.databases.create('two');
  const { url: providerUrl } = await startProvider(place);
  const services: Contender[] = [];
  while (services.length < 2) {
    const { settings } = TUNING;
    const service = await startService(place, { database, providerUrl, launcher: ON_EVERY_CORE, settings });
    services.push({ ...service, name: 'Ringback', database });
  }
  const trial = { work: PLACING, connections: CONNECTIONS, delayMs: place.slowestMs, endpoints: 0 };
  const outcomes = await carryOutAll(
    place,
    [
      { ...trial, cells: ['one'], programs: services.slice(0, 1) },
      { ...trial, cells: ['two'], programs: services },
    ],
    seconds,
  );
  return reportOf(outcomes, place.slowestMs);
};

const boundIn = ({ trial, of }: Outcome) =>
  boundOf({
    cores: cpus().length,
    replicas: trial.programs.length,
    programsBusy: of('programsBusy'),
    databaseBusy: of('databaseBusy'),
    loadBusy: of('loadBusy'),
    objectLock: of('objectLock'),
    flush: of('flush'),
  });

const reportOf = (outcomes: readonly Outcome[], delayMs: number): Report => {
  const [one, two] = outcomes;
  const gain = two!.of('perSecond') / one!.of('perSecond');
  const bound = boundIn(two!);
  return {
    work: 'durable-replicas',
    title: `placing, durably, by replicas: ${CONNECTIONS} connections in all, no replica pinned to a core, disk: ${diskOf(delayMs)}`,
    head: ['replicas', ...HEAD_OF_ROUNDS, 'bound by'],
    rows: outcomes.map((outcome) => [...outcome.trial.cells, ...cellsOf(outcome), boundIn(outcome)]),
    aims: [
      {
        text: `two replicas: ≥ ${MIN_GAIN} times one, unless the cores are full`,
        figure: `${gain.toFixed(2)}; bound by ${bound}`,
        isReached: gain >= MIN_GAIN || isOfCores(bound),
      },
      noObjectLock(outcomes),
    ],
  };
};
