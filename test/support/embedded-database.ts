/** The embedded database in a process of its own, which a test may kill. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { isRunning } from '../../src/embedded-postgres/data-owner.js';
import { endOf, REPOSITORY, startNode, type Ending } from './node-process.js';
import { waitFor } from './wait-for.js';

export interface EmbeddedDatabase {
  /** Of the process that started it. */
  readonly pid: number;
  readonly url: string;
  readonly socketFolder: string;
  /** The server's own number. */
  readonly postmaster: number;
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** All processes of the server. */
  processes(): Promise<number[]>;
  stop(): Promise<Ending>;
  /** kill -9 of the process that started it. */
  kill(): Promise<void>;
  /** kill -9 of what is to stop the server when that process dies. */
  killWatchdog(): Promise<void>;
}

const HOLDER = join(REPOSITORY, 'test/support/hold-database.mjs');

/** Those that a failed test has left. */
const started = new Set<ChildProcess>();

export const holdDatabase = (dataDir: string, launcher: readonly string[] = []): ChildProcess => {
  const child = startNode(HOLDER, [dataDir], { launcher });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
};

/** @throws Error with what the process complained of, where it ended instead */
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
      await allGone([Number(watchdog?.[0])]);
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

const ASK = `
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

/** As another user than ours, whom the database may know or not. @throws Error with what the database, or the way to it, says */
export const queryAs = async (
  launcher: readonly string[],
  url: string,
  statement: string,
): Promise<Record<string, unknown>[]> => {
  const asking = startNode('--input-type=module', ['-e', ASK, url, statement], { launcher });
  const { code, output, complaint } = await endOf(asking);
  if (code !== 0) throw new Error(complaint);
  return JSON.parse(output) as Record<string, unknown>[];
};

export const allGone = async (pids: readonly number[]): Promise<void> => {
  await waitFor(`the end of ${pids.join(', ')}`, async () => {
    const running = await Promise.all(pids.map(isRunning));
    return !running.includes(true);
  });
};

/** For afterEach: what a test has started does not outlive it. */
export const endAllDatabases = async (): Promise<void> => {
  await Promise.all(
    [...started].map(async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }),
  );
};
