import { link, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.js';

/** Writes a secret where there is no such file yet, readable by its owner only; one that is there stays as it is. */
export const makeSecretFile = async (file: string, secret: string): Promise<void> => {
  await makeFolder(dirname(file));
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, secret, { mode: 0o600 });
  try {
    // A link is there with its content or not at all: a process that is killed here leaves no secret that is cut short.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
};
