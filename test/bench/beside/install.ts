/**
 * The first `npm start` of a new clone: it installs, builds, creates the database and serves. Each round clones the commit into a new
 * folder, with an empty HOME. npm is offline and has the cache of whoever measures, so the network takes no part. A package that is not
 * in the cache fails the work; `npm ci` in this repository fills it.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from './load.js';
import { REPOSITORY, secondsToReady } from './npm-start.js';
import type { Place } from './place.js';
import type { Report } from './report.js';

const ROUNDS = 3;
const MAX_SECONDS = 60;
/** A machine that is five times too slow still has a figure; one that hangs has none. */
const LIMIT_MS = 300_000;

const answerOf = (command: string, ...line: string[]): string =>
  execFileSync(command, line, { cwd: REPOSITORY, encoding: 'utf8' }).trim();

export const measureInstall = async (place: Place): Promise<Report> => {
  const commit = answerOf('git', 'rev-parse', 'HEAD');
  // npm finds a package's data in the cache under the address of its registry.
  const npm = ['cache', 'registry'].map((name) => `npm_config_${name}=${answerOf('npm', 'config', 'get', name)}`);
  const times: number[] = [];
  while (times.length < ROUNDS) times.push(await installAndStart(place, commit, [...npm, 'npm_config_offline=true']));
  const time = median(times);
  return {
    work: 'install',
    title: 'install: the first npm start of a new clone, with an empty HOME and a warm npm cache, until it is ready',
    head: ['', 'median', 'each'],
    rows: [['ready', `${time.toFixed(1)} s`, times.map((one) => one.toFixed(1)).join(', ')]],
    aims: [{ text: `ready in under ${MAX_SECONDS} s`, figure: `${time.toFixed(1)} s`, isReached: time < MAX_SECONDS }],
  };
};

const installAndStart = async (place: Place, commit: string, npm: readonly string[]): Promise<number> => {
  const folder = join(place.folder, 'first');
  const [clone, home] = [join(folder, 'ringback'), join(folder, 'home')];
  try {
    await mkdir(home, { recursive: true });
    answerOf('git', 'clone', '--quiet', '--no-checkout', REPOSITORY, clone);
    answerOf('git', '-C', clone, 'checkout', '--quiet', '--detach', commit);
    return await secondsToReady(place, clone, [`HOME=${home}`, ...npm], LIMIT_MS);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};
