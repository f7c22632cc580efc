/** Puts load on one program and measures it. The bench fails in the first round with a wrong answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type Answer } from './connection.js';
import type { Program } from './program.js';

export interface Question {
  readonly bytes: Buffer;
  isRight(answer: Answer): boolean;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second, evenly spread, independent of the response time. Unset: as fast as they are answered. */
  readonly rate?: number;
  /** The time in which the connections start, one after another. Unset: all at once, or by the rate. */
  readonly joinMs?: number;
  /** The next request of this connection. */
  next(connection: number): Question;
}

export interface Round {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the program per request. */
  readonly cpuMicroseconds: number;
}

export const measure = async (
  program: Pick<Program, 'url' | 'cpuSeconds' | 'lastWords'>,
  load: Load,
): Promise<Round> => {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => Connection.open(program.url)));
  const times: number[] = [];
  const faults = new Map<string, number>();
  const cpuBefore = await program.cpuSeconds();
  const begin = performance.now();
  const end = begin + load.seconds * 1_000;
  await Promise.all(
    connections.map(async (connection, index) => {
      try {
        for (const due of dueTimes(load, index, begin, end)) {
          const wait = due - performance.now();
          if (wait > 0) await sleep(wait);
          const question = load.next(index);
          // A timer may fire up to a millisecond early.
          const since = Math.min(due, performance.now());
          const answer = await connection.ask(question.bytes);
          times.push(performance.now() - since);
          if (!question.isRight(answer)) count(faults, `answered ${answer.status} ${answer.body.slice(0, 200)}`);
        }
      } catch (error) {
        count(faults, (error as Error).message);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1_000;
  const cpuSeconds = (await program.cpuSeconds()) - cpuBefore;
  for (const connection of connections) connection.close();
  if (faults.size > 0) {
    const shown = [...faults].slice(0, 5).map(([fault, times]) => `${times} times: ${fault}`);
    const log = await program.lastWords();
    throw new Error(`wrong among ${times.length} answers of ${program.url}:\n${shown.join('\n')}\nits log:\n${log}`);
  }
  times.sort((one, other) => one - other);
  return {
    answered: times.length,
    perSecond: times.length / seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    cpuMicroseconds: (cpuSeconds * 1_000_000) / times.length,
  };
};

/** When each request is due. Latency counts from that time, so it includes the wait in the queue. */
function* dueTimes(load: Load, index: number, begin: number, end: number): Generator<number> {
  const { connections, rate, joinMs = 0 } = load;
  if (rate === undefined) {
    const joins = begin + (joinMs * index) / connections;
    for (let due = Math.max(joins, performance.now()); due < end; due = performance.now()) yield due;
    return;
  }
  const between = 1_000 / rate;
  for (let due = begin + index * between; due < end; due += connections * between) yield due;
}

const count = (faults: Map<string, number>, fault: string): void => {
  faults.set(fault, (faults.get(fault) ?? 0) + 1);
};

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export const median = (numbers: readonly number[]): number =>
  quantile(
    [...numbers].sort((one, other) => one - other),
    0.5,
  );
