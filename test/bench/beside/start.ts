/**
 * The time from `npm start` to readiness, and the memory then. It runs on all cores, as for a user, with the embedded database.
 * The first start is not counted, because it creates the database.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.js';
import { startProvider, startService } from './service.js';
import { measure, median } from './load.js';
import { ON_EVERY_CORE } from './machine.js';
import { residentMegabytes } from './memory.js';
import type { Aim, Report } from './report.js';
import { STATE_POLL } from './state-poll.js';

const STARTS = 3;
const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 10;
const MAX_SECONDS = 3;
const MAX_MEGABYTES = 200;

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
/** Variables of npm and the shell are not passed to the service. */
const WITH_NOTHING_SET = 'exec env -i PATH="$PATH" HOME="$HOME" "$@" npm start';

export const start = async (place: Place, seconds: number): Promise<Report> => {
  await secondsToReady(place);
  const times: number[] = [];
  while (times.length < STARTS) times.push(await secondsToReady(place));
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

const secondsToReady = async ({ folder, started }: Place): Promise<number> => {
  const settings = [`DATA_DIR=${join(folder, 'data')}`, 'HOST=127.0.0.1', 'PORT=0'];
  const line = [...ON_EVERY_CORE, 'sh', '-c', WITH_NOTHING_SET, 'sh', ...settings];
  const begin = performance.now();
  // In its own process group, so that all processes can be killed even if npm ignores the signal.
  const child = spawn(line[0]!, line.slice(1), { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const group = -child.pid;
    const killTimer = setTimeout(() => process.kill(group, 'SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(killTimer);
  };
  started({ stop });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!(await isReady(/"url":"(http.*?)"/.exec(output)?.[1]))) {
    if (child.exitCode !== null || performance.now() - begin > READY_LIMIT_MS) {
      await stop();
      throw new Error(`npm start did not get ready: ${output.slice(-2_000)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  const taken = performance.now() - begin;
  await stop();
  return taken / 1_000;
};

const isReady = async (url: string | undefined): Promise<boolean> =>
  url !== undefined && (await fetch(`${url}/health/ready`)).status === 200;

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
