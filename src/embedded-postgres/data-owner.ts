/**
 * One Ringback a data directory. A file names the process that owns it; when that process is gone, however it went, the
 * next one takes over.
 */
import { execFileSync } from 'node:child_process';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * When the process started, in whatever words the system has for it; null where there is no such process, or only a
 * zombie, which nobody need ever collect.
 */
const startOf = async (pid: number): Promise<string | null> => {
  const words = process.platform === 'linux' ? await statOf(pid) : wordsOfPs(pid);
  const [state = 'Z', start] = words;
  return state.startsWith('Z') ? null : (start ?? null);
};

const statOf = async (pid: number): Promise<[state?: string, start?: string]> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold anything; after it come the state and, nineteen words on, the start (proc(5)).
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
 * Takes the directory, or throws where a running process has it.
 * @returns how to let go of it
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

/** A link, and not a file that is written, because it is there whole or not at all. False where somebody was faster. */
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
  // Renaming and not removing: of two that evict, the slower one must not evict the faster one's own file.
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
