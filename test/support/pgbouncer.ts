/** A real PgBouncer in front of a test database: a process of its own, in a folder of its own, on a socket there. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asOrdinaryUser, endOf, IS_ROOT, ORDINARY_USER, startProgram } from './node-process.js';
import { createProxiedDatabase } from './proxied-database.js';
import { noteSkipped } from './skipped.js';
import { waitFor } from './wait-for.js';

const PROGRAM = '/usr/sbin/pgbouncer';

/** Of the socket's name; no port is taken. */
const PORT = 6432;

export interface PgBouncer {
  /** By way of PgBouncer. */
  readonly url: string;
  readonly directUrl: string;
  close(): Promise<void>;
}

/**
 * Tests that need it. Where there is none they are skipped, and the summary of the run says so; where RINGBACK_REQUIRE_ALL_TESTS
 * is set, as .ci/run does, they fail.
 */
export const describeWithPgBouncer = (what: string, tests: () => void): void => {
  if (existsSync(PROGRAM) || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, tests);
    return;
  }
  noteSkipped(what, `there is no ${PROGRAM}`, 'apt-get install pgbouncer');
  describe.skip(what, tests);
};

/** @param settings beside PgBouncer's defaults, as pgbouncer.ini has them */
export const startPgBouncer = async (settings: readonly string[]): Promise<PgBouncer> => {
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
  const child = startProgram([PROGRAM, file], { launcher: asOrdinaryUser() });
  const ending = endOf(child);
  const url = `postgresql://${username}@localhost:${PORT}${pathname}?host=${encodeURIComponent(folder)}`;
  const close = async (): Promise<void> => {
    await end(child);
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

/** The socket's file is there a moment before it listens. */
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

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

const end = async (child: ChildProcess): Promise<void> => {
  if (!isAlive(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};
