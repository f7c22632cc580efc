/** Stops a PostgreSQL that an earlier Ringback has left running in the same folder. */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from './data-owner.js';
import { SOCKET_FOLDER } from './socket-folder.js';

const STOP_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 25;

/**
 * Stops it if it still runs. Its postmaster.pid is kept for the next server.
 * @returns the number in postmaster.pid, which now certainly belongs to no server of this folder
 */
export const endPreviousServer = async (cluster: string): Promise<number | undefined> => {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!pid) return undefined;
  if (await isServerOf(pid, cluster)) await stop(pid, cluster);
  const socketFolder = lines[4] ?? '';
  if (SOCKET_FOLDER.test(basename(socketFolder))) await rm(socketFolder, { recursive: true, force: true });
  return pid;
};

/**
 * By its command line, which every user may read. A root without all capabilities (in a container) may read nothing
 * more.
 */
const isServerOf = async (pid: number, cluster: string): Promise<boolean> => {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(`\0-D\0${cluster}\0`);
  }
  try {
    const command = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(` -D ${cluster} `);
  } catch {
    return false;
  }
};

const stop = async (pid: number, cluster: string): Promise<void> => {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== -constants.errno.ESRCH) throw error;
  }
  const deadline = performance.now() + STOP_LIMIT_MS;
  while (await isRunning(pid)) {
    if (performance.now() > deadline)
      throw new Error(`A PostgreSQL left behind in ${cluster} does not stop (process ${pid}).`);
    await sleep(LOOK_EVERY_MS);
  }
};
