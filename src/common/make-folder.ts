import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * With those above it. Node's own `recursive` never ends below /proc, where a folder cannot be made although the one above
 * it is there.
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
