import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and its parents. Node's `recursive` never returns below /proc, where a folder cannot be created
 * although its parent exists.
 * @throws Error that names the folder and the reason
 */
export const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || (await isFolder(above))) {
      throw new Error(`The folder ${path} cannot be made (${code ?? String(error)}).`, { cause: error });
    }
    await makeFolder(above);
    await makeFolder(path);
  }
};

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
