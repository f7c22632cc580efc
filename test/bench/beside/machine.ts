/** One core for the program that is measured, the other for all that measures it: load, database and provider. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

const canPin = (): boolean => {
  try {
    execFileSync('taskset', ['-c', '0,1', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

export const IS_PINNED = canPin();

/** What runs the rest of its line on the core of the measured. */
export const ON_MEASURED_CORE: readonly string[] = IS_PINNED ? ['taskset', '-c', '0'] : [];

/** What runs the rest of its line wherever there is room, though it is started from the other core. */
export const ON_ANY_CORE: readonly string[] = IS_PINNED ? ['taskset', '-c', `0-${cpus().length - 1}`] : [];

/** Whatever this process starts from now on inherits it. */
export const moveToOtherCore = (): void => {
  if (IS_PINNED) execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' });
};

const commit = (): string => {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=10'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};

/** @param postgres its version */
export const describeMachine = (postgres: string): string =>
  [
    `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`,
    IS_PINNED ? 'programs pinned to one, the rest to another' : 'no taskset here: nothing is pinned',
    `load before ${loadavg()[0]?.toFixed(1) ?? '?'}`,
    `Node ${process.versions.node}`,
    `PostgreSQL ${postgres}`,
    `commit ${commit()}`,
    new Date().toISOString().slice(0, 10),
  ].join(', ');
