/** Reads a file that a setting names. A pipe or a device may never end, and a large file is the wrong one. */
import { readFileSync, statSync } from 'node:fs';

const MAX_BYTES = 1024 * 1024;

/** @throws Error with the fault, as a phrase that continues "the file …" */
export const readSmallFile = (path: string): Buffer => {
  try {
    const file = statSync(path);
    if (!file.isFile()) throw new Error('is not a regular file');
    if (file.size > MAX_BYTES) throw new Error('has more than 1 MB');
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? new Error(message) : new Error(`cannot be read (${code})`);
  }
};
