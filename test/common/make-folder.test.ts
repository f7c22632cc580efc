import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../../src/common/make-folder.js';

describe('a folder', () => {
  let around: string;

  beforeAll(async () => {
    around = await mkdtemp(join(tmpdir(), 'ringback folder '));
  });
  afterAll(() => rm(around, { recursive: true }));

  it('is created with its parents, also by concurrent callers, and may exist', async () => {
    for (let round = 0; round < 100; round++) {
      const path = join(around, String(round), 'a/b/c');

      await Promise.all([
        makeFolder(path),
        makeFolder(path),
        makeFolder(join(path, '../d')),
        makeFolder(join(path, 'e')),
      ]);
      await makeFolder(path);

      expect((await stat(path)).isDirectory()).toBe(true);
    }
  });

  it('is refused at the path of a file, and below a file', async () => {
    const file = join(around, 'file');
    await writeFile(file, '');

    await expect(makeFolder(file)).rejects.toThrow(`The folder ${file} cannot be made (EEXIST).`);
    await expect(makeFolder(join(file, 'below'))).rejects.toThrow('cannot be made (ENOTDIR).');
  });

  // On Linux: Node's own mkdir with `recursive` never returns for this path.
  (existsSync('/proc/self') ? it : it.skip)('is refused below /proc', async () => {
    await expect(makeFolder('/proc/ringback/data')).rejects.toThrow(
      'The folder /proc/ringback cannot be made (ENOENT).',
    );
  });
});
