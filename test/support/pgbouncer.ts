/** A real PgBouncer in front of a test database: a separate process, with its own folder and a socket in it. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asOrdinaryUser, endOf, endProgram, IS_ROOT, isAlive, ORDINARY_USER, startProgram } from './node-process.js';
import { createProxiedDatabase } from './proxied-database.js';
import { cacheFolder, describeWithPackages, fetchPackages, unpackedIn } from './debian-packages.js';
import { noteSkipped } from './skipped.js';
import { waitFor } from './wait-for.js';

const PROGRAM = '/usr/sbin/pgbouncer';

/** Part of the socket's name; no TCP port is used. */
const PORT = 6432;

export interface PgBouncer {
  /** The database URL through PgBouncer. */
  readonly url: string;
  readonly directUrl: string;
  close(): Promise<void>;
}

/**
 * Tests that need PgBouncer. Without it they are skipped, and the summary of the run lists them. With
 * RINGBACK_REQUIRE_ALL_TESTS, as in .ci/run, they fail.
 */
export const describeWithPgBouncer = (what: string, tests: () => void): void => {
  if (existsSync(PROGRAM) || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, tests);
    return;
  }
  noteSkipped(what, `there is no ${PROGRAM}`, 'apt-get install pgbouncer');
  describe.skip(what, tests);
};

/** Debian bookworm's version is older than 1.21 and does not support prepared statements. */
const NEW_PACKAGES = { folder: cacheFolder('pgbouncer-1.24'), suites: 'trixie sid', names: ['pgbouncer'] };

/** Downloads a version that supports prepared statements. @returns why it is not available, or null */
export const fetchNewPgBouncer = (): Promise<string | null> => fetchPackages(NEW_PACKAGES);

/** @param missing what fetchNewPgBouncer returned */
export const describeWithNewPgBouncer = (missing: string | null, what: string, tests: () => void): void => {
  describeWithPackages(NEW_PACKAGES, missing, what, tests);
};

/** Copies the program to a folder that a user other than root may read. */
const newProgram = async (folder: string): Promise<[string, ...string[]]> => {
  const own = join(folder, 'program');
  for (const part of ['usr/sbin', 'usr/lib'])
    await cp(join(NEW_PACKAGES.folder, part), join(own, part), { recursive: true });
  const [command, options] = unpackedIn(own, 'usr/sbin/pgbouncer');
  return [command, ...options];
};

/**
 * @param settings lines for pgbouncer.ini
 * @param isNew the version that fetchNewPgBouncer downloads, instead of this machine's
 */
export const startPgBouncer = async (settings: readonly string[], isNew = false): Promise<PgBouncer> => {
  const database = await createProxiedDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'ringback-pgbouncer-'));
  const { username, pathname } = new URL(database.directUrl);
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(join(folder, 'users.txt'), `"${username}" ""\n`);
  await writeFile(
    file,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${database.proxy.port}`,
      '[pgbouncer]',
      'auth_type = trust',
      `auth_file = ${join(folder, 'users.txt')}`,
      `unix_socket_dir = ${folder}`,
      `listen_port = ${PORT}`,
      ...settings,
    ].join('\n'),
  );
  // It refuses to run as root.
  if (IS_ROOT) await chown(folder, ORDINARY_USER, ORDINARY_USER);
  const child = startProgram([...(isNew ? await newProgram(folder) : ([PROGRAM] as const)), file], {
    launcher: asOrdinaryUser(),
  });
  const ending = endOf(child);
  const url = `postgresql://${username}@localhost:${PORT}${pathname}?host=${encodeURIComponent(folder)}`;
  const close = async (): Promise<void> => {
    await endProgram(child);
    await ending;
    await database.drop();
    await rm(folder, { recursive: true });
  };
  try {
    await waitFor('PgBouncer to listen', async () => {
      if (!isAlive(child)) throw new Error((await ending).complaint);
      return isListening(join(folder, `.s.PGSQL.${PORT}`));
    });
    return { url, directUrl: database.directUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** The socket's file exists a moment before it accepts connections. */
const isListening = async (path: string): Promise<boolean> => {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
