/** One core is for the measured program. The other is for load, database and provider. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import type { Circumstances } from './figures.js';

const canPin = (): boolean => {
  try {
    execFileSync('taskset', ['-c', '0,1', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

export const IS_PINNED = canPin();

/** A command prefix that runs a program on the measured core. */
export const ON_MEASURED_CORE: readonly string[] = IS_PINNED ? ['taskset', '-c', '0'] : [];

/** A command prefix that runs a program on any core. */
export const ON_EVERY_CORE: readonly string[] = IS_PINNED ? ['taskset', '-c', `0-${cpus().length - 1}`] : [];

/** Processes that this one starts later inherit the core. */
export const moveToOtherCore = (): void => {
  if (IS_PINNED) execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' });
};

const git = (...line: string[]): string => execFileSync('git', line, { encoding: 'utf8' }).trim();

/** Ignores changes in docs, because the bench itself writes there. */
const commit = (): string => {
  try {
    const changed = git('status', '--porcelain', '--', ':/', ':(top,exclude)docs');
    return git('describe', '--always', '--abbrev=10') + (changed === '' ? '' : '-dirty');
  } catch {
    return 'unknown';
  }
};

/** @param postgres its version */
export const describeMachine = (postgres: string): Omit<Circumstances, 'seconds'> => ({
  machine: [
    `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`,
    IS_PINNED ? 'programs pinned to one, the rest to another' : 'no taskset here: nothing is pinned',
    `load before ${loadavg()[0]?.toFixed(1) ?? '?'}`,
    `Node ${process.versions.node}`,
    `PostgreSQL ${postgres}`,
  ].join(', '),
  commit: commit(),
  date: new Date().toISOString().slice(0, 10),
});
