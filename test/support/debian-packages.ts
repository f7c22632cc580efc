/** Programs of another Debian suite than this machine's, in a folder of their own, run by their own loader and libraries. */
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
  /** The next where the one before does not have them. */
  readonly suites: string;
  readonly names: readonly string[];
}

/** Where they stay from one run to the next. */
export const cacheFolder = (name: string): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ringback', name);

/** Brings them where they are not there yet. @returns why they cannot be had, or null */
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

/** Of a program: what runs it, and with which arguments before its own. */
export const unpackedIn = (folder: string, program: string): [string, string[]] => {
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu');
  return [
    join(libraries, 'ld-linux-x86-64.so.2'),
    ['--library-path', `${libraries}:${join(folder, 'usr/lib')}`, join(folder, program)],
  ];
};

/**
 * Tests that need the packages. Where they are missing the tests are skipped, and the summary of the run says so; where
 * RINGBACK_REQUIRE_ALL_TESTS is set, as .ci/run does, they fail.
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
