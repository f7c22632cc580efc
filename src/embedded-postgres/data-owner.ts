/**
 * Ensures one Ringback per data directory. A file names the owning process. If that process no longer runs, the next
 * one takes over.
 */
import { execFileSync } from 'node:child_process';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The start time of a process, as text of the system; null if there is no such process, or only a zombie, which may
 * never be collected.
 */
const startOf = async (pid: number): Promise<string | null> => {
  const words = process.platform === 'linux' ? await statOf(pid) : wordsOfPs(pid);
  const [state = 'Z', start] = words;
  return state.startsWith('Z') ? null : (start ?? null);
};

const statOf = async (pid: number): Promise<[state?: string, start?: string]> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may contain anything. After it come the state and, nineteen words later, the start time
  // (proc(5)).
  const words = stat ? stat.slice(stat.lastIndexOf(')') + 2).split(' ') : [];
  return [words[0], words[19]];
};

const wordsOfPs = (pid: number): [state?: string, start?: string] => {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return [line.split(' ', 1)[0], line.slice(line.indexOf(' ')).trim()];
  } catch {
    return [];
  }
};

export const isRunning = async (pid: number): Promise<boolean> => (await startOf(pid)) !== null;

/**
 * Takes ownership of the directory.
 * @returns the function that releases it
 * @throws Error if a running process owns it
 */
export const ownData = async (dataDir: string): Promise<() => Promise<void>> => {
  const file = join(dataDir, 'owner');
  const mine = `${process.pid} ${(await startOf(process.pid)) ?? ''}`;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, mine).catch((cause: unknown) => {
    throw new Error(`${dataDir} cannot be written to. Start Ringback as the user it belongs to, or set DATA_DIR.`, {
      cause,
    });
  });
  try {
    while (!(await linkIfFree(draft, file))) await evictDeadOwner(file, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    if ((await readFile(file, 'utf8').catch(() => null)) === mine) await rm(file, { force: true });
  };
};

/** A hard link, because it appears complete or not at all. False if another process was faster. */
const linkIfFree = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

const evictDeadOwner = async (file: string, dataDir: string): Promise<void> => {
  const owner = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (owner === null) return;
  const [pid = '', ...start] = owner.split(' ');
  if ((await startOf(Number(pid))) === start.join(' ')) {
    throw new Error(
      `${dataDir} is in use by another Ringback (process ${pid}). Stop it, or set DATA_DIR to another folder.`,
    );
  }
  // Renamed and not removed: of two evicting processes, the slower one must not evict the faster one's file.
  const evicted = `${file}.evicted.${process.pid}`;
  try {
    await rename(file, evicted);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(evicted, 'utf8')) !== owner) await linkIfFree(evicted, file);
  await rm(evicted, { force: true });
};
