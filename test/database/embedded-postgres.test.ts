import { chmod, chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilEnded, endAllDatabases, holdDatabase, startDatabase } from '../support/embedded-database.js';
import { noteSkipped } from '../support/skipped.js';
import { asOrdinaryUser, endOf, IS_ROOT, ORDINARY_USER } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';

if (!IS_ROOT) noteSkipped('the embedded PostgreSQL started by root', 'the tests are not run by root', 'sudo npm test');
const asRootOnly = IS_ROOT ? it : it.skip;

describe('the embedded database', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback data '));
  });

  afterEach(async () => {
    await endAllDatabases();
    await rm(folder, { recursive: true, force: true });
  });

  const giveToOrdinaryUser = async (): Promise<void> => {
    if (IS_ROOT) await chown(folder, ORDINARY_USER, ORDINARY_USER);
  };

  it('is created at the first start, and reused at the second', async () => {
    await chmod(folder, 0o755);
    const first = await startDatabase(folder);
    await first.query('create table kept as select 42 as answer');
    const processes = await first.processes();

    const { code, complaint } = await first.stop();

    expect([code, complaint]).toEqual([0, '']);
    await untilEnded(processes);
    expect(existsSync(first.socketFolder)).toBe(false);
    expect(await readdir(folder)).toEqual(['postgres', 'postgres.log']);
    const second = await startDatabase(folder);
    expect(await second.query('select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('belongs to the ordinary user who started it', async () => {
    await giveToOrdinaryUser();
    const database = await startDatabase(folder, asOrdinaryUser());

    const [row] = await database.query(
      'select count(*)::int as databases from pg_database where datname = current_database()',
    );

    expect(row).toEqual({ databases: 1 });
    expect((await stat(join(folder, 'postgres'))).uid).toBe((await stat(folder)).uid);
  });

  asRootOnly('runs as the owner of its data when root starts it', async () => {
    await giveToOrdinaryUser();
    await (await startDatabase(folder, asOrdinaryUser())).stop();

    await (await startDatabase(folder)).stop();

    const again = await startDatabase(folder, asOrdinaryUser());
    expect(await again.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  asRootOnly('refuses to start for a user who does not own the folder', async () => {
    await chmod(folder, 0o755);

    await expect(startDatabase(folder, asOrdinaryUser())).rejects.toThrow(`${folder} cannot be written to.`);
  });

  it('refuses a second start on the same data, and keeps running', async () => {
    const first = await startDatabase(folder);

    await expect(startDatabase(folder)).rejects.toThrow(
      `ended with 1: ${folder} is in use by another Ringback (process ${first.pid})`,
    );

    expect(await first.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is created once when several processes start concurrently', async () => {
    const starts = await Promise.allSettled(Array.from({ length: 6 }, () => startDatabase(folder)));

    const winners = starts.filter(({ status }) => status === 'fulfilled');
    const refusals = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(winners).toHaveLength(1);
    expect(refusals).toEqual(Array.from({ length: 5 }, () => expect.stringContaining('is in use by another Ringback')));
  });

  it('is taken over by one process when several start after a kill', async () => {
    await (await startDatabase(folder)).kill();

    const starts = await Promise.allSettled(Array.from({ length: 6 }, () => startDatabase(folder)));

    const refusals = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(refusals).toEqual(Array.from({ length: 5 }, () => expect.stringContaining('is in use by another Ringback')));
  });

  it('is created again when the first start was killed half-way', async () => {
    const interrupted = holdDatabase(folder);
    const ending = endOf(interrupted);
    const halfMade = await waitFor('a database in the making', async () =>
      (await readdir(folder)).find((name) => name.startsWith('postgres.new-')),
    );
    await waitFor('its first files', () => existsSync(join(folder, halfMade, 'postgres/base')));
    interrupted.kill('SIGKILL');
    await ending;
    expect(await readdir(folder)).not.toContain('postgres');

    const database = await startDatabase(folder);

    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(folder)).sort()).toEqual(['owner', 'postgres', 'postgres.log']);
  });
});
