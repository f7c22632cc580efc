/**
 * Thousands of open streams, with a change on one of them every few milliseconds. Measures the time from the webhook to the
 * event on the stream, and the memory of an open stream. Each round starts a new service, because a process hardly returns
 * memory that it has allocated.
 */
import { Audience, verifyStored } from './audience.js';
import { putFirstChanges } from './changes.js';
import { putLiveCalls, type Database, type LiveCall } from './databases.js';
import { median, quantile } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Program } from './program.js';
import type { Aim, Report } from './report.js';
import { startProvider, startService, WITH_INSIDES } from './service.js';

const STREAMS = 5_000;
const EVENTS_A_SECOND = 200;
const ROUNDS = 3;
/** Long enough that every stream gets at least one heartbeat, because heartbeats are load too. */
const TIMES_A_ROUND = 4;
/** One-time allocations of the service must not count as the cost of a stream. */
const WARM_UP = { streams: 500, seconds: 2 };

interface StreamRound {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly bytesAStream: number;
  /** Shares of a core. */
  readonly serviceBusy: number;
  readonly loadBusy: number;
}

export const measureStreams = async (place: Place, seconds: number): Promise<Report> => {
  const database = await place.databases.create('streams');
  const { url: providerUrl } = await startProvider(place);
  const rounds: StreamRound[] = [];
  while (rounds.length < ROUNDS) {
    const calls = await putLiveCalls(database, WARM_UP.streams + STREAMS, 1);
    await putFirstChanges(database);
    const launcher = ON_MEASURED_CORE;
    const service = await startService(place, { database, providerUrl, launcher, nodeOptions: WITH_INSIDES });
    rounds.push(await carryOutRound(service, database, calls, seconds * TIMES_A_ROUND));
    await service.stop();
  }
  return reportOf(rounds);
};

const carryOutRound = async (
  service: Program,
  database: Database,
  calls: readonly LiveCall[],
  seconds: number,
): Promise<StreamRound> => {
  const warmUp = await Audience.gather(service, calls, 0, WARM_UP.streams);
  await warmUp.sendEvents(WARM_UP.seconds, EVENTS_A_SECOND);
  warmUp.leave();
  const before = await service.insides();

  const audience = await Audience.gather(service, calls, WARM_UP.streams, STREAMS);
  try {
    const { residentBytes } = await service.insides();
    await audience.sendEvents(1, EVENTS_A_SECOND);
    const cpuBefore = await service.cpuSeconds();
    const ownCpuBefore = process.cpuUsage();
    const { events, delaysMs } = await audience.sendEvents(seconds, EVENTS_A_SECOND);
    const ownCpu = process.cpuUsage(ownCpuBefore);
    const serviceBusy = ((await service.cpuSeconds()) - cpuBefore) / seconds;
    await verifyStored(database, warmUp.sent + audience.sent);
    return {
      events,
      p50Ms: quantile(delaysMs, 0.5),
      p99Ms: quantile(delaysMs, 0.99),
      longestMs: delaysMs.at(-1) ?? NaN,
      bytesAStream: (residentBytes - before.residentBytes) / STREAMS,
      serviceBusy,
      loadBusy: (ownCpu.user + ownCpu.system) / 1_000_000 / seconds,
    };
  } finally {
    audience.leave();
  }
};

const reportOf = (rounds: readonly StreamRound[]): Report => {
  const of = (figure: keyof StreamRound): number => median(rounds.map((round) => round[figure]));
  const kilobytes = of('bytesAStream') / 1_024;
  const rowOf = (name: string, figure: (name: keyof StreamRound) => number): string[] => [
    name,
    figure('events').toFixed(0),
    `${figure('p50Ms').toFixed(1)} ms`,
    `${figure('p99Ms').toFixed(1)} ms`,
    `${figure('longestMs').toFixed(1)} ms`,
    `${(figure('bytesAStream') / 1_024).toFixed(1)} KB`,
    `${(figure('serviceBusy') * 100).toFixed(0)} %`,
    `${(figure('loadBusy') * 100).toFixed(0)} %`,
  ];
  const aims: readonly Aim[] = [
    { text: 'p99 under 25 ms', figure: `${of('p99Ms').toFixed(1)} ms`, isReached: of('p99Ms') < 25 },
    { text: 'under 25 KB a stream', figure: `${kilobytes.toFixed(1)} KB`, isReached: kilobytes < 25 },
  ];
  return {
    work: 'streams',
    title: `webhook in to event out: ${EVENTS_A_SECOND} events a second on ${STREAMS} open streams`,
    head: ['', 'events', 'p50', 'p99', 'longest', 'memory a stream', 'service busy', 'load busy'],
    rows: [...rounds.map((round, index) => rowOf(`round ${index + 1}`, (name) => round[name])), rowOf('median', of)],
    aims,
  };
};
