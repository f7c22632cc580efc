/**
 * Builds the last release, 0.1.0, from the repository's history in a separate folder. Its commit is in
 * `test/upgrade/last-release.txt`, because a clone does not always have the tags. Write the commit of each new release there.
 *
 * It runs with the packages of this version. A package that only the last release loads (today `@nestjs/config` and
 * `@nestjs/terminus`) stays in devDependencies until the next release.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REPOSITORY } from './node-process.js';
import { noteSkipped } from './skipped.js';

const COMMIT = readFileSync(join(REPOSITORY, 'test/upgrade/last-release.txt'), 'utf8').trim();
const BUILT_FROM = ['src', 'migrations', 'package.json', 'nest-cli.json', '.swcrc', 'tsconfig.json'];

const isThere = (): boolean => {
  try {
    execFileSync('git', ['-C', REPOSITORY, 'cat-file', '-e', `${COMMIT}^{commit}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/**
 * Tests that need the last release. Without its commit they are skipped, and the summary of the run lists them. With
 * RINGBACK_REQUIRE_ALL_TESTS they fail.
 */
export const describeWithLastRelease = (what: string, tests: () => void): void => {
  if (isThere() || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, tests);
    return;
  }
  noteSkipped(what, 'the commit of the last release is not in this clone', 'git fetch --unshallow');
  describe.skip(what, tests);
};

export interface BuiltRelease {
  /** The script that Node runs. */
  readonly main: string;
  /** Imports one of its modules, by its path below src. */
  load<Module>(path: string): Promise<Module>;
  remove(): Promise<void>;
}

export const buildLastRelease = async (): Promise<BuiltRelease> => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback last release '));
  const archive = execFileSync('git', ['-C', REPOSITORY, 'archive', COMMIT, ...BUILT_FROM], { maxBuffer: 2 ** 26 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  const nest = join(REPOSITORY, 'node_modules/@nestjs/cli/bin/nest.js');
  execFileSync(process.execPath, [nest, 'build'], { cwd: folder, stdio: 'pipe' });
  return {
    main: join(folder, 'dist/src/main.js'),
    load: (path) => import(pathToFileURL(join(folder, 'dist/src', path)).href) as Promise<never>,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
