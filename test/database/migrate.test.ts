import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { EncryptSubAccountSecrets1764400000000 } from '../../migrations/1764400000000-encrypt-sub-account-secrets.js';
import { RememberChecks1764640000000 } from '../../migrations/1764640000000-remember-checks.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { migrate } from '../../src/database/migrate.js';
import { endOf, REPOSITORY, startNode, type Ending } from '../support/node-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const PROGRAM = 'dist/src/database/migrate.js';

const runProgram = (databaseUrl: string, repository = REPOSITORY, more = {}): Promise<Ending> =>
  endOf(startNode(join(repository, PROGRAM), [], { environment: { DATABASE_URL: databaseUrl, ...more } }));

const ALL_MIGRATIONS = dataSourceOptions('', 1).migrations.map(({ name }) => name);

describe('migrating', () => {
  let database: TestDatabase;

  const query = async (statement: string): Promise<unknown[]> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  };

  const empty = (): Promise<unknown> => query('drop schema public cascade; create schema public');

  const tables = (): Promise<unknown[]> =>
    query(`select table_name from information_schema.tables where table_schema = 'public' order by 1`);

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(() => database.drop());

  it('runs each migration once when many replicas start concurrently', async () => {
    await empty();

    const done = await Promise.all(Array.from({ length: 20 }, () => migrate(database.url)));

    expect(done.flat()).toEqual(ALL_MIGRATIONS);
    expect(await query('select name from migrations order by id')).toEqual(ALL_MIGRATIONS.map((name) => ({ name })));
  });

  it('retries while another session locks its table, and finishes when the lock is released', async () => {
    const dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    // The first of them alters the locked table.
    const undone = ALL_MIGRATIONS.slice(ALL_MIGRATIONS.indexOf(RememberChecks1764640000000.name));
    for (let left = undone.length; left > 0; left--) await dataSource.undoLastMigration();
    await dataSource.destroy();
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('begin; select from call_record');

    const migrating = migrate(database.url);
    await waitFor('an attempt that timed out', async () => {
      const [waits] = await query(`select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`);
      if ((waits as { n: string }).n === '0') return false;
      // Waits behind the migration, and runs when the migration's attempt times out.
      await query('select from call_record');
      return true;
    });
    await holder.end();

    expect(await migrating).toEqual(undone);
  });

  it('is refused when the tables are in another schema, until they are moved as docs/upgrades.md says', async () => {
    const page = await readFile(join(REPOSITORY, 'docs/upgrades.md'), 'utf8');
    const move = /```sql\n([^`]*'elsewhere'[^`]*)```/.exec(page)![1]!;
    await query('alter schema public rename to elsewhere; create schema public');

    await expect(migrate(database.url)).rejects.toThrow('The tables are in the schema elsewhere, where an earlier');

    expect(await tables()).toEqual([]);
    await query(move);
    expect(await migrate(database.url)).toEqual([]);
    expect(await query(`select relname from pg_class where relnamespace = 'elsewhere'::regnamespace`)).toEqual([]);
    expect(await query(`select proname from pg_proc where pronamespace = 'elsewhere'::regnamespace`)).toEqual([]);
  });

  it('can be undone completely, and done again', async () => {
    const migrated = await tables();
    const dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    try {
      for (let left = ALL_MIGRATIONS.length; left > 0; left--) await dataSource.undoLastMigration();
    } finally {
      await dataSource.destroy();
    }
    expect(await tables()).toEqual([{ table_name: 'migrations' }]);

    await migrate(database.url);

    expect(await tables()).toEqual(migrated);
  });

  it('is not undone when that would leave unreadable secrets', async () => {
    await query(`insert into app_user (id, name) values (1, 'somebody');
                 insert into sub_account values (1, 'simulator', 'account', 'encrypted', 'a-key')`);
    const dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    try {
      await expect(new EncryptSubAccountSecrets1764400000000().down(dataSource.createQueryRunner())).rejects.toThrow(
        'sub_account holds encrypted secrets',
      );
    } finally {
      await dataSource.destroy();
    }

    expect(await query('select key_name from sub_account')).toEqual([{ key_name: 'a-key' }]);
  });

  it('as a program prints which migrations it ran, or that there was none', async () => {
    await empty();

    expect(await runProgram(database.url)).toEqual({
      code: 0,
      output: `Migrated: ${ALL_MIGRATIONS.join(', ')}\n`,
      complaint: '',
    });
    expect(await runProgram(database.url)).toEqual({ code: 0, output: 'Nothing to migrate.\n', complaint: '' });
  });

  it('as a program works in a folder that is reached through a symbolic link', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringback link '));
    try {
      await symlink(REPOSITORY, join(folder, 'here'));

      expect((await runProgram(database.url, join(folder, 'here'))).output).toBe('Nothing to migrate.\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(['postgresql://nobody@localhost:1/nothing', 'postgresql://nobody@127.0.0.1:1/nothing'])(
    'as a program prints one line when %s cannot be reached',
    async (url) => {
      const { code, output, complaint } = await runProgram(url);

      expect([code, output]).toEqual([1, '']);
      expect(complaint).toMatch(/^The database cannot be reached: .*ECONNREFUSED.*\n$/);
    },
  );

  it('as a program names the setting with the wrong URL', async () => {
    const direct = new URL(database.url);
    direct.pathname = '/no_such_database';
    const { complaint } = await runProgram('postgresql://nobody@127.0.0.1:1/nothing', REPOSITORY, {
      DATABASE_DIRECT_URL: direct.href,
    });

    expect(complaint).toMatch(/"no_such_database" does not exist\. DATABASE_DIRECT_URL ends with its name: .*\n$/);
  });
});
