/**
 * PostgreSQL on a disk with an adjustable extra flush time: a preloaded library of our own delays fdatasync. The embedded
 * database creates the cluster, and its programs then run it with the library.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { open, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { ROLE, SUPERUSER } from '../../../../src/embedded-postgres/embedded-roles.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../../src/embedded-postgres/embedded-postgres.js';
import { PostgresPrograms } from '../../../../src/embedded-postgres/postgres-programs.js';
import { serverUserOf } from '../../../../src/embedded-postgres/server-user.js';
import { makeSocketFolder } from '../../../../src/embedded-postgres/socket-folder.js';
import { watchServer } from '../../../../src/embedded-postgres/watchdog.js';
import { median } from '../load.js';

const SOURCE = fileURLToPath(new URL('../../../../../test/bench/beside/durable/slow-flush.c', import.meta.url));
const START_LIMIT_MS = 30_000;

export interface ServerOnSlowDisk extends Pick<EmbeddedPostgres, 'superuserUrl' | 'stop'> {
  /** Sets the extra milliseconds of each flush. Undefined without a C compiler, and on other systems than Linux. */
  readonly delayFlush: ((ms: number) => Promise<void>) | undefined;
  /** Median duration of a small transaction on the machine's own disk, without other load. */
  readonly commitMs: number;
}

export const startOnSlowDisk = async (dataDir: string, settings: readonly string[]): Promise<ServerOnSlowDisk> => {
  const embedded = await startEmbeddedPostgres({ dataDir });
  await embedded.stop();
  const cluster = await realpath(join(dataDir, 'postgres'));
  const delay = await buildDelay(cluster);
  const user = await serverUserOf(cluster);
  const programs = await PostgresPrograms.find(user);
  const socketDir = await makeSocketFolder(user);
  const logFile = join(dataDir, 'slow-disk.log');
  const log = await open(logFile, 'a');
  const options = ['listen_addresses=', `unix_socket_directories=${socketDir}`, ...settings];
  const server = programs.run(
    'postgres',
    ['-D', cluster, ...options.flatMap((one) => ['-c', one])],
    ['ignore', log.fd, log.fd],
    delay?.environment,
  );
  const exited = once(server, 'exit');
  const watchdog = watchServer(server, cluster, socketDir);
  await log.close();
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGINT');
    await exited;
    watchdog.stdin?.end();
    await rm(socketDir, { recursive: true, force: true });
  };
  const superuserUrl = `postgresql://${SUPERUSER}@localhost/${ROLE}?host=${encodeURIComponent(socketDir)}`;
  try {
    await untilReady(superuserUrl, () => server.exitCode === null, logFile);
    const commitMs = await timeCommits(superuserUrl, delay?.set);
    return { superuserUrl, stop, delayFlush: delay?.set, commitMs };
  } catch (error) {
    await stop();
    throw error;
  }
};

interface Delay {
  readonly environment: Readonly<Record<string, string>>;
  set(ms: number): Promise<void>;
}

/** Builds the library in the cluster's directory, because the server's user can enter it. */
const buildDelay = async (cluster: string): Promise<Delay | undefined> => {
  if (process.platform !== 'linux') return undefined;
  const library = join(cluster, 'slow-flush.so');
  const file = join(cluster, 'flush-delay');
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-O2', '-o', library, SOURCE, '-ldl']);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // Never truncated, because the server has it mapped.
  await writeFile(file, Buffer.alloc(4));
  return {
    environment: { LD_PRELOAD: library, FLUSH_DELAY_FILE: file },
    async set(ms) {
      const handle = await open(file, 'r+');
      await handle.write(new Uint8Array(Uint32Array.of(ms * 1_000).buffer), 0, 4, 0);
      await handle.close();
    },
  };
};

const untilReady = async (url: string, isAlive: () => boolean, logFile: string): Promise<void> => {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (!isAlive() || performance.now() > deadline) {
        throw new Error(`PostgreSQL did not start on the slow disk: see ${logFile}`, { cause });
      }
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
};

const COMMITS = 25;
const LONG_MS = 50;

/** @throws Error if the preloaded library has no effect */
const timeCommits = async (url: string, setDelay: Delay['set'] | undefined): Promise<number> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const timeOne = async (): Promise<number> => {
    const begin = performance.now();
    await client.query(`select pg_logical_emit_message(true, 'bench', 'to be flushed')`);
    return performance.now() - begin;
  };
  const timesMs: number[] = [];
  while (timesMs.length < COMMITS) timesMs.push(await timeOne());
  if (setDelay) {
    await setDelay(LONG_MS);
    const tookMs = await timeOne();
    await setDelay(0);
    if (tookMs < LONG_MS) throw new Error(`a flush that takes ${LONG_MS} ms longer took ${tookMs.toFixed(1)} ms`);
  }
  await client.end();
  return median(timesMs);
};
