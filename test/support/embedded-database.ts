/** The embedded database in a separate process, which a test may kill. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { isRunning } from '../../src/embedded-postgres/data-owner.js';
import { endOf, REPOSITORY, startNode, type Ending } from './node-process.js';
import { waitFor } from './wait-for.js';

export interface EmbeddedDatabase {
  /** The pid of the process that started it. */
  readonly pid: number;
  readonly url: string;
  readonly socketFolder: string;
  /** The server's system identifier. */
  readonly postmaster: number;
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** All processes of the server. */
  processes(): Promise<number[]>;
  stop(): Promise<Ending>;
  /** kill -9 of the process that started it. */
  kill(): Promise<void>;
  /** kill -9 of the watchdog that stops the server when that process dies. */
  killWatchdog(): Promise<void>;
}

const HOLDER = join(REPOSITORY, 'test/support/hold-database.mjs');

/** Processes to end after each test; a failed test may leave one. */
const started = new Set<ChildProcess>();

export const holdDatabase = (dataDir: string, launcher: readonly string[] = []): ChildProcess => {
  const child = startNode(HOLDER, [dataDir], { launcher });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
};

/** @throws Error with the process's standard error, if the process ends instead */
export const startDatabase = async (dataDir: string, launcher: readonly string[] = []): Promise<EmbeddedDatabase> => {
  const child = holdDatabase(dataDir, launcher);
  const ending = endOf(child);
  const said = once(child.stdout!, 'data') as Promise<[Buffer]>;
  const failed = ending.then(({ code, complaint }) => {
    throw new Error(`ended with ${code ?? 'a signal'}: ${complaint}`);
  });
  const url = (await Promise.race([said, failed])).toString().trim();
  failed.catch(() => undefined);
  const socketFolder = new URL(url).searchParams.get('host')!;
  const pid = child.pid!;
  const query = (statement: string): Promise<Record<string, unknown>[]> =>
    launcher.length > 0 ? queryAs(launcher, url, statement) : queryOnce(url, statement);
  return {
    pid,
    url,
    socketFolder,
    postmaster: parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10),
    query,
    async processes() {
      const rows = await query('select pid from pg_stat_activity where pid <> pg_backend_pid()');
      return [
        parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10),
        ...rows.map((row) => row.pid as number),
      ];
    },
    stop() {
      child.kill('SIGTERM');
      return ending;
    },
    async kill() {
      child.kill('SIGKILL');
      await ending;
    },
    async killWatchdog() {
      const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n');
      const watchdog = processes
        .map((line) => line.trim().split(/\s+/))
        .find(([, parent, command]) => parent === String(pid) && command === '/bin/sh');
      process.kill(Number(watchdog?.[0]), 'SIGKILL');
      await untilEnded([Number(watchdog?.[0])]);
    },
  };
};

const queryOnce = async (url: string, statement: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
};

const QUERY_SCRIPT = `
import pg from 'pg';
const [url, statement] = process.argv.slice(1);
const client = new pg.Client({ connectionString: url });
try {
  await client.connect();
  process.stdout.write(JSON.stringify((await client.query(statement)).rows));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
} finally {
  await client.end();
}`;

/** Queries as another operating system user. @throws Error with the message of the database or of the connection */
export const queryAs = async (
  launcher: readonly string[],
  url: string,
  statement: string,
): Promise<Record<string, unknown>[]> => {
  const child = startNode('--input-type=module', ['-e', QUERY_SCRIPT, url, statement], { launcher });
  const { code, output, complaint } = await endOf(child);
  if (code !== 0) throw new Error(complaint);
  return JSON.parse(output) as Record<string, unknown>[];
};

export const untilEnded = async (pids: readonly number[]): Promise<void> => {
  await waitFor(`the end of ${pids.join(', ')}`, async () => {
    const running = await Promise.all(pids.map(isRunning));
    return !running.includes(true);
  });
};

/** For afterEach: ends every database that the test has started. */
export const endAllDatabases = async (): Promise<void> => {
  await Promise.all(
    [...started].map(async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }),
  );
};
