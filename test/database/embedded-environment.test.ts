/** The embedded database on a machine without a temporary folder, a user name, or a program that can be run. */
import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endAllDatabases, startDatabase } from '../support/embedded-database.js';
import { asOrdinaryUser, asUser, IS_ROOT, ORDINARY_USER } from '../support/node-process.js';

// The summary of skipped tests has a line for this from embedded-postgres.test.ts.
const asRootOnly = IS_ROOT ? it : it.skip;

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringback data '));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'data');
  await mkdir(dataDir);
});
afterEach(async () => {
  await endAllDatabases();
  await rm(folder, { recursive: true, force: true });
});

describe('a TMPDIR', () => {
  it.each([
    ['that does not exist', '/nowhere/at/all'],
    ['whose path is too long for a socket', `/tmp/${'x'.repeat(100)}`],
    ['that is not a folder', '/etc/passwd'],
  ])('%s is ignored', async (_what, TMPDIR) => {
    if (IS_ROOT) await chown(dataDir, ORDINARY_USER, ORDINARY_USER);

    const database = await startDatabase(dataDir, [...asOrdinaryUser(), 'env', `TMPDIR=${TMPDIR}`]);

    expect(dirname(database.socketFolder)).toBe('/tmp');
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

/** A user id that no account has on a system with systemd's table of ids. */
const NAMELESS = 61_182;

asRootOnly('a start as a user without a name fails with one sentence, and creates nothing', async () => {
  await chown(dataDir, NAMELESS, NAMELESS);

  await expect(startDatabase(dataDir, asUser(NAMELESS))).rejects.toThrow(
    `The user with the number ${NAMELESS} has no name on this system (no entry in /etc/passwd), and PostgreSQL needs one: ` +
      'run Ringback as a user that has, or set DATABASE_URL.',
  );
  expect(await readdir(dataDir)).toEqual([]);
});

describe('a program that cannot be run', () => {
  /** Replaces one program of the package by an empty file. @returns the launcher of a process that uses it */
  const replace = async (broken: 'initdb' | 'postgres'): Promise<string[]> => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const programs = (await import(name)) as Record<'initdb' | 'postgres', string>;
    const native = join(folder, 'native');
    await mkdir(join(native, 'bin'), { recursive: true });
    const original = join(dirname(programs.postgres), '..');
    for (const one of ['lib', 'share', 'pg-symlinks.json']) await symlink(join(original, one), join(native, one));
    for (const one of ['initdb', 'postgres'] as const) {
      if (one === broken) await writeFile(join(native, 'bin', one), '');
      else await symlink(programs[one], join(native, 'bin', one));
    }
    const paths = ['initdb', 'postgres'].map(
      (one) => `export const ${one} = ${JSON.stringify(join(native, 'bin', one))};`,
    );
    await writeFile(join(folder, 'programs.mjs'), paths.join('\n'));
    const redirect = `export const resolve = (name, context, next) =>
      name.startsWith('@embedded-postgres/')
        ? { url: new URL('programs.mjs', import.meta.url).href, shortCircuit: true }
        : next(name, context);`;
    await writeFile(join(folder, 'redirect.mjs'), redirect);
    await writeFile(
      join(folder, 'hook.mjs'),
      `import { register } from 'node:module'; register('./redirect.mjs', import.meta.url);`,
    );
    const hook = new URL(`file://${join(folder, 'hook.mjs')}`).href;
    return [...asOrdinaryUser(), 'env', `NODE_OPTIONS=--import=${hook}`];
  };

  it.each([
    ['initdb', 'The embedded database could not be made in '],
    ['postgres', 'The embedded PostgreSQL did not start: '],
  ] as const)('is named in the error, with the reason: %s', async (broken, sentence) => {
    const launcher = await replace(broken);
    if (IS_ROOT) await chown(dataDir, ORDINARY_USER, ORDINARY_USER);

    const start = startDatabase(dataDir, launcher);

    await expect(start).rejects.toThrow(sentence);
    await expect(start).rejects.toThrow(`spawn ${join(folder, 'native/bin', broken)} EACCES`);
  });
});
