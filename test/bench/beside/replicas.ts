/**
 * One service compared with two on the same database, none pinned to a core. The gain of the second one is limited by the
 * processor time that the first one and the load leave over.
 */
import { cpus } from 'node:os';
import type { Contender } from './contenders.js';
import { measure, median, type Load } from './load.js';
import { ON_EVERY_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Program } from './program.js';
import type { Report } from './report.js';
import { startProvider, startService } from './service.js';
import { STATE_POLL } from './state-poll.js';

const CONNECTIONS = 64;
const ROUNDS = 3;
const WARM_UP = { seconds: 2, connections: 8 };

interface ReplicaRound {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Busy cores. */
  readonly servicesBusy: number;
  readonly loadBusy: number;
}

export const measureReplicas = async (place: Place, seconds: number): Promise<Report> => {
  const database = await place.databases.create('replicas');
  const { url: providerUrl } = await startProvider(place);
  const first = await startService(place, { database, providerUrl, launcher: ON_EVERY_CORE });
  const second = await startService(place, { database, providerUrl, launcher: ON_EVERY_CORE });
  const contender: Contender = { ...first, name: 'Ringback', database };
  const next = await STATE_POLL.prepare(contender, seconds);
  for (const service of [first, second]) await measure(service, { ...WARM_UP, next });
  const one: ReplicaRound[] = [];
  const two: ReplicaRound[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    one.push(await share([first], { seconds, next }));
    two.push(await share([first, second], { seconds, next }));
  }
  return reportOf(one, two);
};

const share = async (services: readonly Program[], load: Pick<Load, 'seconds' | 'next'>): Promise<ReplicaRound> => {
  const cpuOfServices = async (): Promise<number> => {
    const each = await Promise.all(services.map((service) => service.cpuSeconds()));
    return each.reduce((sum, one) => sum + one, 0);
  };
  const cpuBefore = await cpuOfServices();
  const ownCpuBefore = process.cpuUsage();
  const connections = CONNECTIONS / services.length;
  const rounds = await Promise.all(services.map((service) => measure(service, { ...load, connections })));
  const ownCpu = process.cpuUsage(ownCpuBefore);
  return {
    perSecond: rounds.reduce((sum, { perSecond }) => sum + perSecond, 0),
    p50Ms: Math.max(...rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...rounds.map(({ p99Ms }) => p99Ms)),
    servicesBusy: ((await cpuOfServices()) - cpuBefore) / load.seconds,
    loadBusy: (ownCpu.user + ownCpu.system) / 1_000_000 / load.seconds,
  };
};

const reportOf = (one: readonly ReplicaRound[], two: readonly ReplicaRound[]): Report => {
  const of = (rounds: readonly ReplicaRound[], figure: keyof ReplicaRound): number =>
    median(rounds.map((round) => round[figure]));
  const rowOf = (name: string, rounds: readonly ReplicaRound[]): string[] => [
    name,
    rounds.map(({ perSecond }) => perSecond.toFixed(0)).join(', '),
    of(rounds, 'perSecond').toFixed(0),
    `${of(rounds, 'p50Ms').toFixed(1)} ms`,
    `${of(rounds, 'p99Ms').toFixed(1)} ms`,
    of(rounds, 'servicesBusy').toFixed(2),
    of(rounds, 'loadBusy').toFixed(2),
  ];
  const gain = of(two, 'perSecond') / of(one, 'perSecond');
  const cores = cpus().length;
  return {
    work: 'replicas',
    title: `state poll, ${CONNECTIONS} connections, on ${cores} cores in all, no core reserved for any program`,
    head: [
      '',
      'a second, each round',
      'median',
      'p50',
      'p99 of the slower',
      'cores for services',
      'cores for the load',
    ],
    rows: [rowOf('one service', one), rowOf('two services', two)],
    aims: [
      {
        text: 'two replicas reach at least 0.95 of one a second',
        figure: gain.toFixed(2),
        isReached: gain >= 0.95,
      },
    ],
  };
};
