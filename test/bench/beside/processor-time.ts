/** Processor time from proc(5). NaN if there is no /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** USER_HZ, which is fixed on Linux. */
const TICKS_A_SECOND = 100;

interface Stat {
  readonly parent: number;
  /** Seconds. */
  readonly own: number;
  /** Time of children that have ended. */
  readonly ended: number;
}

/** The second field may contain spaces and ends with a bracket. Field 4 is the parent; fields 14 to 17 are the times. */
const statOf = async (pid: number | string): Promise<Stat | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (stat === '') return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (first: number): number => Number(fields[first]) + Number(fields[first + 1]);
  return { parent: Number(fields[1]), own: ticks(11) / TICKS_A_SECOND, ended: ticks(13) / TICKS_A_SECOND };
};

/** Processor time of a process since its start. */
export const cpuSecondsOf = async (pid: number): Promise<number> => (await statOf(pid))?.own ?? NaN;

/** Processor time of a single-threaded process, exact to nanoseconds (Linux: Documentation/scheduler/sched-stats). */
export const exactCpuSecondsOf = async (pid: number): Promise<number> => {
  const schedstat = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '');
  return schedstat === '' ? NaN : parseInt(schedstat, 10) / 1e9;
};

/** Processor time of a process and its children, including ended ones. */
export const cpuSecondsOfFamily = async (pid: number): Promise<number> => {
  const head = await statOf(pid);
  if (!head) return NaN;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const children = (await Promise.all(pids.map(statOf))).filter((stat) => stat?.parent === pid);
  return children.reduce((sum, child) => sum + (child?.own ?? 0), head.own + head.ended);
};
