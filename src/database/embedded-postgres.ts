/**
 * A PostgreSQL of our own in a folder, so that `npm start` needs nothing else: made at the first start, started with us,
 * stopped with us. It listens on a Unix socket only. If we are killed, a watchdog stops it; if that is killed too, the
 * next start does. What was committed is there afterwards.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ownData } from './data-owner.js';
import { PostgresPrograms } from './postgres-programs.js';
import { endPreviousServer } from './previous-server.js';
import { makeSocketFolder } from './socket-folder.js';
import { watchServer } from './watchdog.js';

export interface EmbeddedPostgres {
  /** For pg and TypeORM. */
  readonly url: string;
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  readonly dataDir: string;
  /** More of PostgreSQL's settings, as name=value. */
  readonly settings?: readonly string[];
}

const USER = 'ringback';
const DATABASE = 'ringback';

/** Recovery after a crash replays at most max_wal_size, which takes seconds on a slow disk. */
const START_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 25;

/**
 * By this variable pg_ctl tells PostgreSQL of a process that is not a server, though postmaster.pid have its number
 * (miscinit.c, CreateLockFile). We do so where the number belongs to somebody else by now, or to a zombie. The file is
 * PostgreSQL's own to remove: it is half of how a server finds out that a process of the last one still works in the data.
 */
const DISREGARDED_PROCESS = 'PG_GRANDPARENT_PID';

const SETTINGS = [
  'listen_addresses=',
  'max_connections=100',
  'shared_buffers=64MB',
  'log_checkpoints=off',
  'timezone=UTC',
];

/** @throws Error with a sentence for the operator: the folder is in use, or the server did not start (and its last words) */
export const startEmbeddedPostgres = async ({ dataDir, settings = [] }: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  await mkdir(dataDir, { recursive: true });
  const folder = await realpath(dataDir);
  const cluster = join(folder, 'postgres');
  const disown = await ownData(folder);
  try {
    const programs = await PostgresPrograms.find(cluster);
    if (!(await exists(cluster))) await initialise(programs, folder, cluster);
    const previous = await endPreviousServer(cluster);
    const server = await launch(programs, cluster, { settings, previous });
    return {
      url: server.url,
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

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** In a folder beside, renamed when it is complete: being killed half-way leaves nothing that looks finished. */
const initialise = async (programs: PostgresPrograms, folder: string, cluster: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    // An initdb that survived its Ringback may still write there, for a moment.
    if (name.startsWith('postgres.new-'))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
  const draft = await mkdtemp(join(folder, 'postgres.new-'));
  await giveTo(programs, draft);
  const options = ['-D', draft, '-U', USER, '--auth=trust', '--encoding=UTF8', '--no-locale'];
  const initdb = programs.run('initdb', options, ['ignore', 'ignore', 'pipe']);
  let complaint = '';
  initdb.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(initdb, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The embedded database could not be made in ${folder}: ${complaint.trim()}`);
  await rename(draft, cluster);
};

const giveTo = async ({ owner }: PostgresPrograms, path: string): Promise<void> => {
  if (owner) await chown(path, owner.uid, owner.gid);
};

interface LaunchOptions {
  readonly settings: readonly string[];
  /** The number of a server that is no more, though postmaster.pid still speaks of it. */
  readonly previous: number | undefined;
}

const launch = async (
  programs: PostgresPrograms,
  cluster: string,
  { settings, previous }: LaunchOptions,
): Promise<EmbeddedPostgres> => {
  const socketDir = await makeSocketFolder();
  await giveTo(programs, socketDir);
  const logFile = join(cluster, '..', 'postgres.log');
  const log = await open(logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  const options = [...SETTINGS, `unix_socket_directories=${socketDir}`, ...settings].flatMap((one) => ['-c', one]);
  const environment: Record<string, string> = previous === undefined ? {} : { [DISREGARDED_PROCESS]: String(previous) };
  const server = programs.run('postgres', ['-D', cluster, ...options], ['ignore', log.fd, log.fd], environment);
  const exited = new Promise<void>((resolve) => server.once('exit', resolve).once('error', resolve));
  const watchdog = watchServer(server, cluster, socketDir);
  await log.close();
  const stop = async (): Promise<void> => {
    if (isAlive(server)) server.kill('SIGINT');
    await exited;
    watchdog.stdin?.end();
    await rm(socketDir, { recursive: true, force: true });
  };
  try {
    const urlOf = (database: string) =>
      `postgresql://${USER}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
    await untilReady(urlOf('postgres'), server, async () => lastWords(logFile, logStart));
    await ensureDatabase(urlOf('postgres'));
    return { url: urlOf(DATABASE), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const isAlive = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

const untilReady = async (url: string, server: ChildProcess, why: () => Promise<string>): Promise<void> => {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (!isAlive(server) || Date.now() > deadline) {
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

const ensureDatabase = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
};
