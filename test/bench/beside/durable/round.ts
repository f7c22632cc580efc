/** One round of `durable`, with the given flush delay and number of endpoints. Also measures how busy the cores are. */
import type { Contender } from '../contenders.js';
import { measure, median } from '../load.js';
import type { Work } from '../work.js';
import { clearDeliveries, putEndpoints, verifyDeliveries } from './deliveries.js';
import type { DurablePlace } from './place.js';
import { sampleWaits, type Waits } from './waits.js';

export interface Trial {
  /** The first cells of its table row. */
  readonly cells: readonly string[];
  readonly work: Work;
  /** Programs on one database. They share the connections. */
  readonly programs: readonly Contender[];
  readonly connections: number;
  /** Extra milliseconds of each flush. */
  readonly delayMs: number;
  readonly endpoints: number;
}

/** Shares of a core, and shares of waits. */
export interface DurableRound extends Waits {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly programsBusy: number;
  readonly databaseBusy: number;
  readonly loadBusy: number;
  readonly deliveredPerSecond: number;
}

/** Uses all connections, which start one after another, so that the pools have their full size before a round. */
const WARM_UP = { seconds: 1.5, joinMs: 1_000 };

export const carryOut = async (place: DurablePlace, trial: Trial, seconds: number): Promise<DurableRound> => {
  const { work, programs, connections, delayMs, endpoints } = trial;
  const first = programs[0]!;
  const { database } = first;
  const next = await work.prepare(first, WARM_UP.seconds + seconds);
  await putEndpoints(database, place.receiverUrl, endpoints);
  const share = Math.max(1, connections / programs.length);
  const ask = (load: { seconds: number; joinMs?: number }) =>
    Promise.all(programs.map((program) => measure(program, { ...load, connections: share, next })));
  await place.delayFlush?.(delayMs);
  try {
    const warmUp = await ask(WARM_UP);
    const endWatch = await startWatch(place, programs);
    const rounds = await ask({ seconds });
    const cores = await endWatch();
    await place.delayFlush?.(0);
    const answered = [...warmUp, ...rounds].reduce((sum, round) => sum + round.answered, 0);
    await work.verify?.(first, answered);
    const delivered = await verifyDeliveries(database, answered, endpoints);
    return {
      ...cores,
      perSecond: rounds.reduce((sum, { perSecond }) => sum + perSecond, 0),
      p50Ms: Math.max(...rounds.map(({ p50Ms }) => p50Ms)),
      p99Ms: Math.max(...rounds.map(({ p99Ms }) => p99Ms)),
      deliveredPerSecond: delivered / (WARM_UP.seconds + seconds),
    };
  } finally {
    await place.delayFlush?.(0);
    // Otherwise remaining deliveries would run in the next program's round.
    if (endpoints > 0) await clearDeliveries(database);
  }
};

type Cores = Omit<DurableRound, 'perSecond' | 'p50Ms' | 'p99Ms' | 'deliveredPerSecond'>;

const startWatch = async (place: DurablePlace, programs: readonly Contender[]): Promise<() => Promise<Cores>> => {
  const spent = async (): Promise<number> => {
    const each = await Promise.all(programs.map((program) => program.cpuSeconds()));
    return each.reduce((sum, one) => sum + one, 0);
  };
  const endWaits = await sampleWaits(place.url);
  const [programsBefore, databaseBefore] = await Promise.all([spent(), place.databases.cpuSeconds()]);
  const ownBefore = process.cpuUsage();
  const begin = performance.now();
  return async () => {
    const seconds = (performance.now() - begin) / 1_000;
    const own = process.cpuUsage(ownBefore);
    const [programs, database] = await Promise.all([spent(), place.databases.cpuSeconds()]);
    return {
      ...(await endWaits()),
      programsBusy: (programs - programsBefore) / seconds,
      databaseBusy: (database - databaseBefore) / seconds,
      loadBusy: (own.user + own.system) / 1_000_000 / seconds,
    };
  };
};

export interface Outcome {
  readonly trial: Trial;
  readonly rounds: readonly DurableRound[];
  /** The median of the rounds. */
  of(figure: keyof DurableRound): number;
}

const ROUNDS = 3;

/** Trials alternate. A rehearsal before them does not count, because V8 is still compiling. */
export const carryOutAll = async (
  place: DurablePlace,
  trials: readonly Trial[],
  seconds: number,
): Promise<readonly Outcome[]> => {
  for (const trial of trials) await carryOut(place, trial, 1);
  const results = trials.map((): DurableRound[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, trial] of trials.entries()) results[index]?.push(await carryOut(place, trial, seconds));
  }
  return trials.map((trial, index) => {
    const rounds = results[index] ?? [];
    return { trial, rounds, of: (figure) => median(rounds.map((round) => round[figure])) };
  });
};
