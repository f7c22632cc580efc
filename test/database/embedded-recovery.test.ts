import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { isRunning } from '../../src/embedded-postgres/data-owner.js';
import { untilEnded, endAllDatabases, startDatabase, type EmbeddedDatabase } from '../support/embedded-database.js';
import { IS_ROOT } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';

describe('the embedded database after a crash', () => {
  let folder: string;
  let pidFile: string;
  let first: EmbeddedDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback data '));
    pidFile = join(folder, 'postgres', 'postmaster.pid');
    first = await startDatabase(folder);
    await first.query('create table kept as select 42 as answer');
  });

  afterEach(async () => {
    await endAllDatabases();
    await rm(folder, { recursive: true, force: true });
  });

  const expectDataIn = async (database: EmbeddedDatabase): Promise<void> => {
    expect(await database.query('select answer from kept')).toEqual([{ answer: 42 }]);
  };

  /** Kills every process, so that none can clean up. */
  const killAll = async (): Promise<void> => {
    const processes = await first.processes();
    await first.killWatchdog();
    await first.kill();
    process.kill(first.postmaster, 'SIGKILL');
    await untilEnded(processes);
  };

  it('stops by itself when Ringback is killed, and loses no data', async () => {
    const processes = await first.processes();

    await first.kill();

    await untilEnded(processes);
    await waitFor('the end of its socket', () => !existsSync(first.socketFolder));
    await expectDataIn(await startDatabase(folder));
  });

  it('starts again at once, while the server of a killed Ringback is still stopping', async () => {
    await first.kill();

    await expectDataIn(await startDatabase(folder));
  });

  it('is stopped by the next start when its watchdog was killed too', async () => {
    await first.killWatchdog();
    await first.kill();
    expect(await isRunning(first.postmaster)).toBe(true);

    const second = await startDatabase(folder);

    expect(await isRunning(first.postmaster)).toBe(false);
    expect(existsSync(first.socketFolder)).toBe(false);
    await expectDataIn(second);
  });

  it('recovers when every process was killed', async () => {
    await killAll();

    const second = await startDatabase(folder);

    expect(existsSync(first.socketFolder)).toBe(false);
    await expectDataIn(second);
  });

  it('does not kill another process that has its former pid', async () => {
    await killAll();
    const { uid } = await stat(pidFile);
    // With the server's own user, so that PostgreSQL itself would mistake it for a server.
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore', cwd: '/', ...(IS_ROOT && { uid, gid: uid }) });
    try {
      const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n');
      await writeFile(pidFile, [String(stranger.pid), ...rest].join('\n'));

      const second = await startDatabase(folder);

      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      await expectDataIn(second);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('does not start while a process of the last server still uses the data', async () => {
    const client = new Client({ connectionString: first.url });
    // Its connection will be cut.
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const worker = rows[0]!.pid;
    // Without a pause, because in a pause it would notice that its server is dead.
    client.query('do $$ begin loop end loop; end $$').catch(() => undefined);
    await waitFor('a busy process', async () => {
      const [activity] = await first.query(`select state from pg_stat_activity where pid = ${worker}`);
      return activity?.state === 'active';
    });
    await first.killWatchdog();
    await first.kill();
    process.kill(first.postmaster, 'SIGKILL');
    await untilEnded([first.postmaster]);
    try {
      await expect(startDatabase(folder)).rejects.toThrow('shared memory block');
    } finally {
      process.kill(worker, 'SIGKILL');
      await untilEnded([worker]);
    }

    await expectDataIn(await startDatabase(folder));
  });

  it('stops and starts after its socket was deleted', async () => {
    await rm(first.socketFolder, { recursive: true });

    const { code } = await first.stop();

    expect(code).toBe(0);
    await expectDataIn(await startDatabase(folder));
  });
});
