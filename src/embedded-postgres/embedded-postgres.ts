/**
 * A PostgreSQL in the data directory, so that `npm start` needs nothing else. It is created at the first start, started
 * and stopped with Ringback, and listens only on a Unix socket. If Ringback is killed, a watchdog stops the server. If
 * the watchdog is killed too, the next start does. Committed data survives.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { makeFolder } from '../common/make-folder.js';
import { ownName, writeAccessRules } from './access-rules.js';
import { ownData } from './data-owner.js';
import { ensureRoles, INVALID_AUTHORIZATION, ROLE, SUPERUSER } from './embedded-roles.js';
import { PostgresPrograms } from './postgres-programs.js';
import { endPreviousServer } from './previous-server.js';
import { giveAllTo, serverUserOf } from './server-user.js';
import { findCluster, openToGroup, placeWithinReach } from './shared-folder.js';
import { makeSocketFolder } from './socket-folder.js';
import { watchServer } from './watchdog.js';

export interface EmbeddedPostgres {
  /** For pg and TypeORM, as a role that owns only this database. */
  readonly url: string;
  /** As the server's superuser, for tests. */
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  readonly dataDir: string;
  /** Additional settings of PostgreSQL, as name=value. */
  readonly settings?: readonly string[];
}

/** Crash recovery replays at most max_wal_size, which takes seconds on a slow disk. */
const START_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 25;

/**
 * With this variable pg_ctl names a process that is not a server, although postmaster.pid has its number (miscinit.c,
 * CreateLockFile). It is used here if the number now belongs to another process or a zombie. Only PostgreSQL may remove
 * the file: the server uses it to detect that a process of the previous server still uses the data.
 */
const DISREGARDED_PROCESS = 'PG_GRANDPARENT_PID';

const SETTINGS = [
  'listen_addresses=',
  'max_connections=100',
  'shared_buffers=64MB',
  'log_checkpoints=off',
  'timezone=UTC',
];

/**
 * @throws Error with a message for the operator: the folder is in use, or the server did not start (with its last log
 *   lines)
 */
export const startEmbeddedPostgres = async ({ dataDir, settings = [] }: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  ownName();
  await makeFolder(dataDir);
  const folder = await realpath(dataDir);
  const disown = await ownData(folder);
  try {
    const server = await startServer(folder, settings);
    return {
      ...server,
      async stop() {
        await server.stop();
        await disown();
      },
    };
  } catch (error) {
    await disown();
    throw error;
  }
};

const startServer = async (folder: string, settings: readonly string[]): Promise<EmbeddedPostgres> => {
  const found = await findCluster(folder);
  const user = await serverUserOf(found);
  const programs = await PostgresPrograms.find(user);
  const previous = await endPreviousServer(found);
  const cluster = user ? await placeWithinReach(user, folder, found) : found;
  if (!(await exists(cluster))) {
    await initialise(programs, folder, cluster);
    await findCluster(folder);
  }
  // An earlier version created it for the user nobody.
  if (user && (await stat(cluster)).uid !== user.uid) giveAllTo(user, cluster);
  await writeAccessRules(cluster, user);
  return launch(programs, { folder, cluster }, { settings, previous });
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const NOT_MADE = 'The embedded database could not be made in';

/**
 * Created in a temporary folder and renamed when complete, so that an interrupted start leaves nothing that looks
 * finished.
 */
const initialise = async (programs: PostgresPrograms, folder: string, cluster: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    // An initdb may briefly outlive its Ringback and still write there.
    if (name.startsWith('postgres.new-'))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
  const { user, maker } = programs;
  const around = await mkdtemp(join(dirname(cluster), 'postgres.new-'));
  if (user) await openToGroup(user, around);
  const draft = join(around, 'postgres');
  await mkdir(draft, { mode: 0o700 });
  if (maker) await chown(draft, maker.uid, maker.gid);
  const options = ['-D', draft, '-U', SUPERUSER, '--auth=peer', '--encoding=UTF8', '--no-locale'];
  const initdb = programs.run('initdb', options, ['ignore', 'ignore', 'pipe']);
  let complaint = '';
  initdb.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(initdb, 'close').catch((cause: unknown) => {
    throw new Error(`${NOT_MADE} ${folder}: ${(cause as Error).message}`, { cause });
  })) as [number | null];
  if (code !== 0) throw new Error(`${NOT_MADE} ${folder}: ${complaint.trim()}`);
  if (user) giveAllTo(user, draft);
  await rename(draft, cluster);
  await rm(around, { recursive: true });
};

interface LaunchOptions {
  readonly settings: readonly string[];
  /** The number of a server that no longer runs, but is still in postmaster.pid. */
  readonly previous: number | undefined;
}

const launch = async (
  programs: PostgresPrograms,
  { folder, cluster }: { readonly folder: string; readonly cluster: string },
  { settings, previous }: LaunchOptions,
): Promise<EmbeddedPostgres> => {
  const socketDir = await makeSocketFolder(programs.user);
  const logFile = join(folder, 'postgres.log');
  const log = await open(logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  const options = [...SETTINGS, `unix_socket_directories=${socketDir}`, ...settings].flatMap((one) => ['-c', one]);
  const environment: Record<string, string> = previous === undefined ? {} : { [DISREGARDED_PROCESS]: String(previous) };
  const server = programs.run('postgres', ['-D', cluster, ...options], ['ignore', log.fd, log.fd], environment);
  const exited = new Promise<Error | null>((resolve) =>
    server.once('exit', () => resolve(null)).once('error', resolve),
  );
  const watchdog = watchServer(server, cluster, socketDir);
  await log.close();
  const stop = async (): Promise<void> => {
    if (isAlive(server)) server.kill('SIGINT');
    await exited;
    watchdog.stdin?.end();
    await rm(socketDir, { recursive: true, force: true });
  };
  try {
    const urlOf = (role: string, database: string) =>
      `postgresql://${role}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
    await untilReady(socketDir, server, async () => {
      // A program that cannot be started writes no log.
      const failure = isAlive(server) ? null : await exited;
      return failure?.message ?? lastWords(logFile, logStart);
    });
    await ensureRoles(urlOf);
    return { url: urlOf(ROLE, ROLE), superuserUrl: urlOf(SUPERUSER, ROLE), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const isAlive = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

/** The server is ready when it accepts a connection, or refuses one for another reason than starting up. */
const untilReady = async (host: string, server: ChildProcess, why: () => Promise<string>): Promise<void> => {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const client = new Client({ host, user: SUPERUSER, database: 'postgres' });
    try {
      await client.connect();
      return;
    } catch (cause) {
      if ((cause as { code?: unknown }).code === INVALID_AUTHORIZATION) return;
      if (!isAlive(server) || performance.now() > deadline) {
        throw new Error(`The embedded PostgreSQL did not start: ${await why()}`, { cause });
      }
      await sleep(LOOK_EVERY_MS);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
};

const lastWords = async (logFile: string, from: number): Promise<string> =>
  (await readFile(logFile)).subarray(from).toString('utf8').trim().split('\n').slice(-5).join('\n');
