/**
 * The time from `npm start` to readiness, and the memory then. It runs on all cores, as for a user, with the embedded database.
 * The first start is not counted, because it creates the database.
 */
import { join } from 'node:path';
import type { Place } from './place.js';
import { startProvider, startService } from './service.js';
import { measure, median } from './load.js';
import { ON_EVERY_CORE } from './machine.js';
import { residentMegabytes } from './memory.js';
import { REPOSITORY, secondsToReady } from './npm-start.js';
import type { Aim, Report } from './report.js';
import { STATE_POLL } from './state-poll.js';

const STARTS = 3;
const MAX_SECONDS = 3;
const MAX_MEGABYTES = 200;

export const start = async (place: Place, seconds: number): Promise<Report> => {
  const again = (): Promise<number> => secondsToReady(place, REPOSITORY, [`DATA_DIR=${join(place.folder, 'data')}`]);
  await again();
  const times: number[] = [];
  while (times.length < STARTS) times.push(await again());
  const { atFirst, afterPolls } = await memoryOf(place, seconds);
  const time = median(times);
  return {
    work: 'start',
    title: 'start: npm start, not the first, until /health/ready answers with 200; resident memory with DATABASE_URL',
    head: ['', 'median', 'each'],
    rows: [
      ['ready, with the embedded database', `${time.toFixed(2)} s`, times.map((one) => one.toFixed(2)).join(', ')],
      ['memory after the start', `${atFirst.toFixed(0)} MB`, ''],
      [`memory after ${seconds} s of state polls, 64 connections`, `${afterPolls.toFixed(0)} MB`, ''],
    ],
    aims: [
      { text: `ready in under ${MAX_SECONDS} s`, figure: `${time.toFixed(2)} s`, isReached: time < MAX_SECONDS },
      underMegabytes('after the start', atFirst),
      underMegabytes('after the polls, before the garbage is collected', afterPolls),
    ],
  };
};

const underMegabytes = (when: string, megabytes: number): Aim => ({
  text: `resident memory under ${MAX_MEGABYTES} MB ${when}`,
  figure: `${megabytes.toFixed(0)} MB`,
  isReached: megabytes < MAX_MEGABYTES,
});

const memoryOf = async (place: Place, seconds: number): Promise<{ atFirst: number; afterPolls: number }> => {
  const provider = await startProvider(place);
  const database = await place.databases.create('start');
  const launcher = ON_EVERY_CORE;
  const service = await startService(place, { database, providerUrl: provider.url, launcher });
  const atFirst = await residentMegabytes(service.pid);
  const next = await STATE_POLL.prepare({ ...service, name: 'Ringback', database }, seconds);
  await measure(service, { ...STATE_POLL.load, seconds, next, joinMs: 500 });
  return { atFirst, afterPolls: await residentMegabytes(service.pid) };
};
