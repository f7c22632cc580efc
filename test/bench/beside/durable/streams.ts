/** Webhook in to event out on thousands of streams of one replica. The webhooks go to that replica, or to another one. */
import { Audience, verifyStored } from '../audience.js';
import { putFirstChanges } from '../changes.js';
import { putLiveCalls, type Database } from '../databases.js';
import { median, quantile } from '../load.js';
import { ON_MEASURED_CORE } from '../machine.js';
import type { Program } from '../program.js';
import type { Aim, Report } from '../report.js';
import { startProvider, startService } from '../service.js';
import { diskOf, TUNING, type DurablePlace } from './place.js';

const STREAMS = 5_000;
const ROUNDS = 3;
const WARM_UP = { seconds: 0.5, rate: 200 };
/** There are not enough calls for more events. */
const MAX_SECONDS = 4;
const PACES = [
  { rate: 200, limitMs: 25 },
  { rate: 1_000, limitMs: 50 },
];
const WAYS = ['the same replica', 'another replica'] as const;

interface Result {
  readonly way: (typeof WAYS)[number];
  readonly rate: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export const measureDurableStreams = async (place: DurablePlace, wanted: number): Promise<Report> => {
  const seconds = Math.min(wanted, MAX_SECONDS);
  const database = await place.databases.create('streams');
  const { url: providerUrl } = await startProvider(place);
  const { settings } = TUNING;
  const start = () => startService(place, { database, providerUrl, launcher: ON_MEASURED_CORE, settings });
  const services = [await start(), await start()] as const;
  const results: Result[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, way] of WAYS.entries()) {
      const figuresOfRound = await carryOutRound(
        place,
        { database, follows: services[0], takes: services[index]! },
        round > 0 ? seconds : 1,
      );
      // The first round is a rehearsal.
      if (round > 0) results.push(...figuresOfRound.map((figures) => ({ way, ...figures })));
    }
  }
  return reportOf(results, place.slowestMs);
};

interface Sides {
  readonly database: Database;
  /** The replica with the streams. */
  readonly follows: Program;
  /** The replica that receives the webhooks. */
  readonly takes: Program;
}

const carryOutRound = async (
  place: DurablePlace,
  { database, follows, takes }: Sides,
  seconds: number,
): Promise<Omit<Result, 'way'>[]> => {
  const calls = await putLiveCalls(database, STREAMS, 1);
  await putFirstChanges(database);
  const audience = await Audience.gather(follows, calls, 0, STREAMS);
  const results: Omit<Result, 'way'>[] = [];
  try {
    await place.delayFlush?.(place.slowestMs);
    await audience.sendEvents(WARM_UP.seconds, WARM_UP.rate, takes);
    for (const { rate } of PACES) {
      const { events, delaysMs } = await audience.sendEvents(seconds, rate, takes);
      results.push({
        rate,
        events,
        p50Ms: quantile(delaysMs, 0.5),
        p99Ms: quantile(delaysMs, 0.99),
        longestMs: delaysMs.at(-1) ?? NaN,
      });
    }
    await verifyStored(database, audience.sent);
    return results;
  } finally {
    await place.delayFlush?.(0);
    audience.leave();
  }
};

const reportOf = (results: readonly Result[], delayMs: number): Report => {
  const rows: string[][] = [];
  const aims: Aim[] = [];
  for (const way of WAYS) {
    for (const { rate, limitMs } of PACES) {
      const rounds = results.filter((result) => result.way === way && result.rate === rate);
      const of = (figure: 'events' | 'p50Ms' | 'p99Ms' | 'longestMs'): number =>
        median(rounds.map((round) => round[figure]));
      const p99Ms = of('p99Ms');
      rows.push([
        way,
        String(rate),
        of('events').toFixed(0),
        `${of('p50Ms').toFixed(1)} ms`,
        `${p99Ms.toFixed(1)} ms`,
        rounds.map((round) => round.p99Ms.toFixed(1)).join(', '),
        `${of('longestMs').toFixed(1)} ms`,
      ]);
      aims.push({
        text: `${rate} a second, ${way}: p99 under ${limitMs} ms`,
        figure: `${p99Ms.toFixed(1)} ms`,
        isReached: p99Ms < limitMs,
      });
    }
  }
  return {
    work: 'durable-streams',
    title: `webhook in to event out, durably, on ${STREAMS} open streams, disk: ${diskOf(delayMs)}`,
    head: ['webhooks come to', 'changes a second', 'events', 'p50', 'p99', 'p99 of each round', 'longest'],
    rows,
    aims,
  };
};
