/**
 * One Ringback a data directory. A file names the process that owns it; when that process is gone, however it went, the
 * next one takes over.
 */
import { execFileSync } from 'node:child_process';
import { link, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** When the process started, in whatever words the system has for it; null where there is no such process. */
const startOf = async (pid: number): Promise<string | null> => {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    // The name, in parentheses, may hold anything; start time is the twentieth word after it (proc(5)).
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
};

export const isRunning = async (pid: number): Promise<boolean> => (await startOf(pid)) !== null;

/** Whether a process is a PostgreSQL server that works in the given directory, and not another one that has its number. */
export const isPostgresIn = async (pid: number, cluster: string): Promise<boolean> => {
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === cluster;
  try {
    return execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
  } catch {
    return false;
  }
};

/**
 * Takes the directory, or throws where a running process has it.
 * @returns how to let go of it
 */
export const ownData = async (dataDir: string): Promise<() => Promise<void>> => {
  const file = join(dataDir, 'owner');
  const mine = `${process.pid} ${await startOf(process.pid)}`;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, mine);
  try {
    // link fails where the file exists, whoever was faster.
    while (!(await link(draft, file).then(() => true, () => false))) await evictDeadOwner(file, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    if ((await readFile(file, 'utf8').catch(() => null)) === mine) await rm(file, { force: true });
  };
};

const evictDeadOwner = async (file: string, dataDir: string): Promise<void> => {
  const owner = await readFile(file, 'utf8').catch(() => null);
  if (owner === null) return;
  const [pid = '', ...start] = owner.split(' ');
  if ((await startOf(Number(pid))) === start.join(' ')) {
    throw new Error(`${dataDir} is in use by another Ringback (process ${pid}). Stop it, or set DATA_DIR to another folder.`);
  }
  // Renaming and not removing: of two that evict, the slower one must not evict the faster one's own file.
  const evicted = `${file}.evicted.${process.pid}`;
  if (!(await rename(file, evicted).then(() => true, () => false))) return;
  if ((await readFile(evicted, 'utf8')) !== owner) await link(evicted, file).catch(() => undefined);
  await rm(evicted, { force: true });
};
