/**
 * A PostgreSQL of our own in a folder, so that `npm start` needs nothing else: made at the first start, started with us,
 * stopped with us. It listens on a Unix socket only. If we are killed, a watchdog stops it; if that is killed too, the
 * next start does. What was committed is there afterwards.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { access, chown, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { isPostgresIn, isRunning, ownData } from './data-owner.js';
import { PostgresPrograms } from './postgres-programs.js';

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
const STOP_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 25;

const SETTINGS = ['listen_addresses=', 'max_connections=100', 'shared_buffers=64MB', 'log_checkpoints=off', 'timezone=UTC'];

/** @throws Error with a sentence for the operator: the folder is in use, or the server did not start (and its last words) */
export const startEmbeddedPostgres = async ({ dataDir, settings = [] }: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  await mkdir(dataDir, { recursive: true });
  const folder = await realpath(dataDir);
  const cluster = join(folder, 'postgres');
  const disown = await ownData(folder);
  try {
    const programs = await PostgresPrograms.find(folder);
    if (!(await exists(cluster))) await initialise(programs, folder, cluster);
    await endPrevious(cluster);
    const server = await launch(programs, folder, cluster, settings);
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
    if (name.startsWith('postgres.new-')) await rm(join(folder, name), { recursive: true, force: true });
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
  if (owner !== undefined) await chown(path, owner, owner);
};

/** A server that its Ringback has left behind is stopped; a file that only speaks of one is removed. */
const endPrevious = async (cluster: string): Promise<void> => {
  const file = join(cluster, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!pid) return;
  if (await isPostgresIn(pid, cluster)) {
    signal(pid, 'SIGINT');
    const deadline = Date.now() + STOP_LIMIT_MS;
    while (await isRunning(pid)) {
      if (Date.now() > deadline) throw new Error(`A PostgreSQL left behind in ${cluster} does not stop (process ${pid}).`);
      await sleep(LOOK_EVERY_MS);
    }
  } else {
    // PostgreSQL would take whatever process has that number now for its own.
    await rm(file, { force: true });
  }
  const socketDir = lines[4];
  if (socketDir?.startsWith(join(tmpdir(), 'ringback-'))) await rm(socketDir, { recursive: true, force: true });
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== -constants.errno.ESRCH) throw error;
  }
};

const launch = async (
  programs: PostgresPrograms,
  folder: string,
  cluster: string,
  settings: readonly string[],
): Promise<EmbeddedPostgres> => {
  // Not in the folder: the path of a socket has 107 bytes at most. The name is random and the mode 0700.
  const socketDir = await mkdtemp(join(tmpdir(), 'ringback-'));
  await giveTo(programs, socketDir);
  const logFile = join(folder, 'postgres.log');
  const log = await open(logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  const options = [...SETTINGS, `unix_socket_directories=${socketDir}`, ...settings].flatMap((one) => ['-c', one]);
  const server = programs.run('postgres', ['-D', cluster, ...options], ['ignore', log.fd, log.fd]);
  const exited = new Promise<void>((resolve) => server.once('exit', resolve));
  await log.close();
  const watchdog = watch(cluster, server);
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGINT');
    await exited;
    watchdog.stdin?.end();
    await rm(socketDir, { recursive: true, force: true });
  };
  try {
    const urlOf = (database: string) => `postgresql://${USER}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
    await untilReady(urlOf('postgres'), server, async () => lastWords(logFile, logStart));
    await ensureDatabase(urlOf('postgres'));
    return { url: urlOf(DATABASE), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Reads from a pipe that closes when we die, of whatever, and then stops the server, if it is still the same. */
const watch = (cluster: string, server: ChildProcess): ChildProcess => {
  const script = 'cat >/dev/null; [ "$(head -n 1 "$1" 2>/dev/null)" = "$2" ] && kill -INT "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', join(cluster, 'postmaster.pid'), String(server.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: dirname(cluster),
  });
  watchdog.unref();
  return watchdog;
};

const untilReady = async (url: string, server: ChildProcess, why: () => Promise<string>): Promise<void> => {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (cause) {
      const hasExited = server.exitCode !== null || server.signalCode !== null;
      if (hasExited || Date.now() > deadline) {
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
