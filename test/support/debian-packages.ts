/** Programs of another Debian suite, in a separate folder, run with their own loader and libraries. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { noteSkipped } from './skipped.js';

const run = promisify(execFile);

const FETCH = 'test/support/fetch-debian.sh';
const CAN_FETCH = process.platform === 'linux' && process.arch === 'x64' && existsSync('/usr/bin/apt-get');

export interface Packages {
  readonly folder: string;
  /** Debian suites, in order of preference. */
  readonly suites: string;
  readonly names: readonly string[];
}

/** The folder keeps the packages between runs. */
export const cacheFolder = (name: string): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ringback', name);

/** Downloads the packages if they are missing. @returns why they are not available, or null */
export const fetchPackages = async ({ folder, suites, names }: Packages): Promise<string | null> => {
  const what = names.join(', ');
  if (!CAN_FETCH) return `${what} can be fetched on Debian for x86-64 only`;
  try {
    await run(resolve(import.meta.dirname, 'fetch-debian.sh'), [folder, suites, ...names], { timeout: 300_000 });
    return null;
  } catch (error) {
    return `${what} could not be fetched: ${(error as { stderr?: string }).stderr ?? String(error)}`;
  }
};

/** @returns the command that runs the program, and the arguments before the program's own */
export const unpackedIn = (folder: string, program: string): [string, string[]] => {
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu');
  return [
    join(libraries, 'ld-linux-x86-64.so.2'),
    ['--library-path', `${libraries}:${join(folder, 'usr/lib')}`, join(folder, program)],
  ];
};

/**
 * Tests that need the packages. Without them the tests are skipped, and the summary of the run lists them. With
 * RINGBACK_REQUIRE_ALL_TESTS, as in .ci/run, they fail.
 * @param missing what fetchPackages returned
 */
export const describeWithPackages = (
  { folder, suites, names }: Packages,
  missing: string | null,
  what: string,
  tests: () => void,
): void => {
  if (missing === null || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, () => {
      if (missing === null) tests();
      else {
        it(`has ${names.join(', ')}`, () => {
          throw new Error(missing);
        });
      }
    });
    return;
  }
  const command = `${FETCH} ${folder} '${suites}' ${names.join(' ')}`;
  noteSkipped(what, missing, CAN_FETCH ? command : 'npm test, on Debian for x86-64');
  describe.skip(what, tests);
};
