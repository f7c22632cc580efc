/** PostgreSQL's `commit_delay`: how long a commit waits for others that can share its flush. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startContenders } from '../contenders.js';
import { databaseAt } from '../databases.js';
import { median } from '../load.js';
import type { Report } from '../report.js';
import { WEBHOOKS } from '../webhooks.js';
import { diskOf, TUNING, type DurablePlace } from './place.js';
import { carryOut, type DurableRound } from './round.js';

const DELAYS_MS = [0, 1, 2, 5];
const CONNECTIONS = [1, 8, 32];
const ROUNDS = 3;

/** Uses webhooks, because they wait only for the database. */
export const measureCommitDelay = async (place: DurablePlace, seconds: number): Promise<Report> => {
  const programs = await startContenders(place, ['Ringback'], TUNING);
  const trial = { cells: [], work: WEBHOOKS, programs, delayMs: place.slowestMs, endpoints: 0 };
  await carryOut(place, { ...trial, connections: Math.max(...CONNECTIONS) }, 2);
  const results = new Map<string, DurableRound[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const commitDelayMs of DELAYS_MS) {
      await setCommitDelay(place.url, commitDelayMs);
      for (const connections of CONNECTIONS) {
        const key = `${commitDelayMs} ${connections}`;
        results.set(key, [...(results.get(key) ?? []), await carryOut(place, { ...trial, connections }, seconds)]);
      }
    }
  }
  const cell = (commitDelayMs: number, connections: number): string => {
    const rounds = results.get(`${commitDelayMs} ${connections}`) ?? [];
    const of = (figure: keyof DurableRound): number => median(rounds.map((round) => round[figure]));
    return `${of('perSecond').toFixed(0)} (p50 ${of('p50Ms').toFixed(1)} ms)`;
  };
  return {
    work: 'durable-commit-delay',
    title: `webhook in a second by PostgreSQL’s commit_delay, no endpoint, disk: ${diskOf(place.slowestMs)}`,
    head: ['commit_delay', ...CONNECTIONS.map((count) => (count === 1 ? '1 connection' : `${count} connections`))],
    rows: DELAYS_MS.map((commitDelayMs) => [
      `${commitDelayMs} ms`,
      ...CONNECTIONS.map((connections) => cell(commitDelayMs, connections)),
    ]),
    aims: [],
  };
};

/** @returns when new connections use it. Open connections apply it between two statements. */
const setCommitDelay = async (url: string, ms: number): Promise<void> => {
  const database = databaseAt(url);
  await database.query(`alter system set commit_delay = ${ms * 1_000}`);
  await database.query('select pg_reload_conf()');
  for (;;) {
    const [row] = await database.query<{ value: string }>(`select current_setting('commit_delay') as value`);
    if (row?.value === String(ms * 1_000)) return;
    await sleep(20);
  }
};
