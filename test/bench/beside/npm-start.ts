/** `npm start` as a user types it: on all cores, with the embedded database. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ON_EVERY_CORE } from './machine.js';
import type { Place } from './place.js';

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 10;

export const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
/** Variables of npm and the shell are not passed to the service. */
const WITH_NOTHING_SET = 'exec env -i PATH="$PATH" HOME="$HOME" "$@" npm start';

/**
 * From `npm start` until `/health/ready` answers with 200. Then the service is stopped.
 * @param settings further ones, and what replaces HOME
 * @throws if it is not ready within the limit
 */
export const secondsToReady = async (
  { started }: Pick<Place, 'started'>,
  repository: string,
  settings: readonly string[],
  limitMs = READY_LIMIT_MS,
): Promise<number> => {
  const line = [...ON_EVERY_CORE, 'sh', '-c', WITH_NOTHING_SET, 'sh', 'HOST=127.0.0.1', 'PORT=0', ...settings];
  const begin = performance.now();
  // In its own process group, so that all processes can be killed even if npm ignores the signal.
  const child = spawn(line[0]!, line.slice(1), { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const group = -child.pid;
    const killTimer = setTimeout(() => killIfThere(group), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(killTimer);
    killIfThere(group);
  };
  started({ stop });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!(await isReady(/"url":"(http.*?)"/.exec(output)?.[1]))) {
    if (child.exitCode !== null || performance.now() - begin > limitMs) {
      await stop();
      throw new Error(`npm start did not get ready: ${output.slice(-2_000)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  const taken = performance.now() - begin;
  await stop();
  return taken / 1_000;
};

/** While npm installs, its processes outlive the one that a signal ends. */
const killIfThere = (group: number): void => {
  try {
    process.kill(group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const isReady = async (url: string | undefined): Promise<boolean> =>
  url !== undefined && (await fetch(`${url}/health/ready`)).status === 200;
