import { link, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.js';

/** Writes a secret file that only its owner can read. An existing file is not changed. */
export const makeSecretFile = async (file: string, secret: string): Promise<void> => {
  await makeFolder(dirname(file));
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, secret, { mode: 0o600 });
  try {
    // A hard link appears complete or not at all: a process that is killed here leaves no truncated secret.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
};
