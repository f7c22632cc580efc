import { readFile } from 'node:fs/promises';

const BYTES_A_KIB = 1_024;

/** Resident memory of a process, with shared libraries. NaN if the system does not report it. */
export const residentMegabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * BYTES_A_KIB) / 1_000_000;
};
