import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and its parents, also beside other processes that do. Node's `recursive` never returns below /proc, where
 * a folder cannot be created although its parent exists.
 * @throws Error that names the folder and the reason
 */
export const makeFolder = async (path: string): Promise<void> => {
  if ((await failureOf(path)) === null) return;
  await makeFolder(dirname(path));
  const failure = await failureOf(path);
  if (failure !== null) throw cannotBeMade(path, failure);
};

/** Null if the folder exists now; an error if its parent does not. @throws Error for any other reason */
const failureOf = async (path: string): Promise<unknown> => {
  try {
    await mkdir(path);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return error;
    if (code === 'EEXIST' && (await isFolder(path))) return null;
    throw cannotBeMade(path, error);
  }
};

const cannotBeMade = (path: string, cause: unknown): Error => {
  const { code } = cause as NodeJS.ErrnoException;
  return new Error(`The folder ${path} cannot be made (${code ?? String(cause)}).`, { cause });
};

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
