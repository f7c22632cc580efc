/**
 * Thousands of open streams, and a change on some of them every few milliseconds: how long from the webhook that brings it
 * to the stream that tells it, and what an open stream costs in memory. Each round has a service of its own, because the
 * memory that one has taken it hardly gives back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { putFirstChanges } from './changes.js';
import { requestBytes } from './connection.js';
import { putLiveCalls, type Database, type LiveCall } from './databases.js';
import { EventStream } from './event-stream.js';
import { measure, median, quantile } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Program } from './program.js';
import type { Aim, Report } from './report.js';
import { startProvider, startService, WITH_INSIDES } from './service.js';
import { tokensOf } from './tokens.js';
import { deliveryOf } from './webhooks.js';

const STREAMS = 5_000;
const EVENTS_A_SECOND = 200;
/** A provider's. */
const CONNECTIONS = 32;
const OPENED_AT_ONCE = 32;
const ROUNDS = 3;
/** So long that every stream gets a heartbeat or more, for that is a load as well. */
const TIMES_A_ROUND = 4;
/** Streams and seconds. What the service allocates once is no cost of a stream. */
const WARM_UP = { streams: 500, seconds: 2 };
const LATEST_EVENT_MS = 5_000;
/** In which an event would come that is told twice. */
const SILENCE_MS = 500;

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
  await warmUp.tell(WARM_UP.seconds);
  warmUp.leave();
  const before = await service.insides();

  const audience = await Audience.gather(service, calls, WARM_UP.streams, STREAMS);
  try {
    const { residentBytes } = await service.insides();
    await audience.tell(1);
    const cpuBefore = await service.cpuSeconds();
    const ownCpuBefore = process.cpuUsage();
    const { events, delaysMs } = await audience.tell(seconds);
    const ownCpu = process.cpuUsage(ownCpuBefore);
    const serviceBusy = ((await service.cpuSeconds()) - cpuBefore) / seconds;
    await verifyStored(database, warmUp.told + audience.told);
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

interface Follower {
  readonly call: LiveCall;
  /** The ids of the events that it was told, in the order in which they came. */
  readonly numbers: number[];
  /** How many changes of the call there are. */
  changes: number;
  /** When the latest webhook about the call was sent. */
  sentAtMs: number;
}

/** A stream for each call, and what was told on it. */
class Audience {
  told = 0;
  private readonly faults: string[] = [];
  private readonly streams: EventStream[] = [];
  private next = 0;
  private delaysMs: number[] = [];

  private constructor(
    private readonly service: Program,
    private readonly followers: readonly Follower[],
  ) {}

  /** @returns when all streams have told the first change of their calls */
  static async gather(service: Program, all: readonly LiveCall[], first: number, count: number): Promise<Audience> {
    const calls = all.slice(first, first + count);
    const followers = calls.map((call) => ({ call, numbers: [], changes: 1, sentAtMs: 0 }));
    const tokens = (await tokensOf(first + count)).slice(first);
    const audience = new Audience(service, followers);
    const toOpen = [...followers.entries()];
    await Promise.all(
      Array.from({ length: OPENED_AT_ONCE }, async () => {
        for (let one = toOpen.pop(); one; one = toOpen.pop()) await audience.follow(one[1], tokens[one[0]] ?? '');
      }),
    );
    await audience.untilAllIsTold();
    return audience;
  }

  /** Webhooks at an even pace, about calls that lie far apart. */
  async tell(seconds: number): Promise<{ events: number; delaysMs: readonly number[] }> {
    this.delaysMs = [];
    const { answered } = await measure(this.service, {
      connections: CONNECTIONS,
      seconds,
      rate: EVENTS_A_SECOND,
      next: () => {
        const follower = this.nextToTellOf();
        const delivery = deliveryOf(follower.call, follower.changes++ - 1);
        follower.sentAtMs = performance.now();
        return delivery;
      },
    });
    this.told += answered;
    await this.untilAllIsTold();
    return { events: answered, delaysMs: this.delaysMs.sort((one, other) => one - other) };
  }

  leave(): void {
    for (const stream of this.streams) stream.close();
  }

  private async follow(follower: Follower, token: string): Promise<void> {
    const { callSid } = follower.call;
    const request = requestBytes('GET', `/v1/app/callState/${callSid}/stream?access_token=${token}`);
    const stream = await EventStream.open(this.service.url, request, {
      onEvent: ({ number, callSid: toldSid, readAtMs }) => {
        if (toldSid !== callSid) this.faults.push(`${toldSid} was told on the stream of ${callSid}`);
        follower.numbers.push(number);
        this.delaysMs.push(readAtMs - follower.sentAtMs);
      },
      onFault: (fault) => this.faults.push(`${callSid}: ${fault}`),
    });
    this.streams.push(stream);
  }

  /** Every other one rings and, when all of those have, is answered: a call that is over would close its stream. */
  private nextToTellOf(): Follower {
    const half = Math.floor(this.followers.length / 2);
    const follower = this.followers[2 * ((this.next++ * STEP) % half)]!;
    if (follower.changes > 2) throw new Error('there are too few calls for so many events');
    return follower;
  }

  private async untilAllIsTold(): Promise<void> {
    const deadline = performance.now() + LATEST_EVENT_MS;
    while (this.followers.some(({ numbers, changes }) => numbers.length < changes) && performance.now() < deadline) {
      await sleep(50);
    }
    await sleep(SILENCE_MS);
    for (const { call, numbers, changes } of this.followers) {
      const right = Array.from({ length: changes }, (_, index) => index + 1);
      if (numbers.join() !== right.join()) {
        this.faults.push(`${call.callSid} was told ${numbers.join()} of ${right.join()}`);
      }
    }
    if (this.faults.length > 0) {
      throw new Error(`${this.faults.length} faults on streams:\n${this.faults.slice(0, 5).join('\n')}`);
    }
  }
}

/** Prime, so that it reaches all. */
const STEP = 997;

const verifyStored = async (database: Database, told: number): Promise<void> => {
  const [row] = await database.query<{ advanced: number }>('select sum(changes - 1)::int as advanced from call_record');
  if (row?.advanced !== told) throw new Error(`${told} events were taken and ${row?.advanced ?? 0} are stored`);
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
