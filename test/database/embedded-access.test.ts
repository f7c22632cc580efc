/** Which processes can connect to the embedded database, and their rights in it. */
import { chmod, lstat, mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endAllDatabases, queryAs, startDatabase, type EmbeddedDatabase } from '../support/embedded-database.js';
import { IS_ROOT } from '../support/node-process.js';

// The summary of skipped tests has a line for this from embedded-postgres.test.ts.
const asRootOnly = IS_ROOT ? it : it.skip;

const NOBODY = 65_534;

const as = (uid: number, gid = uid): string[] => ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];

/** The capability sets of a process that has no capability and can gain none from a program. */
const NO_POWERS = {
  CapInh: '0000000000000000',
  CapPrm: '0000000000000000',
  CapEff: '0000000000000000',
  NoNewPrivs: '1',
};

const statusOf = async (pid: number): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await readFile(`/proc/${pid}/status`, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s+/) as [string, string]),
  );

describe('the embedded database', () => {
  let folder: string;
  let database: EmbeddedDatabase;
  let uid: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback data '));
    await chmod(folder, 0o755);
    database = await startDatabase(folder);
    ({ uid } = await stat(join(folder, 'postgres')));
  });

  afterAll(async () => {
    await endAllDatabases();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives the service a role that owns its database and has no other right', async () => {
    expect(
      await database.query(`select rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
        (select array_agg(roleid::regrole::text) from pg_auth_members where member = pg_roles.oid) as member_of
        from pg_roles where rolname = current_user`),
    ).toEqual([
      {
        rolname: 'ringback',
        rolsuper: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolbypassrls: false,
        member_of: null,
      },
    ]);
  });

  it.each([
    ['cannot run a program', `copy (select 1) to program 'true'`],
    ['cannot write a file', `copy (select 1) to '/tmp/ringback-should-not-be-there'`],
    ['cannot read a file through a function', `select pg_read_file('/etc/passwd')`],
    ['cannot create a superuser', 'create role another superuser'],
    ['cannot become a superuser', 'set role postgres'],
  ])('gives the service a role that %s', async (_what, statement) => {
    await expect(database.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('authenticates a connection only by its operating system user', async () => {
    const rules = (await readFile(join(folder, 'postgres/pg_hba.conf'), 'utf8')).trim().split('\n');

    expect(rules).toEqual(['local all all peer map=ringback']);
    expect((await stat(database.socketFolder)).mode & 0o777).toBe(0o700);
  });

  asRootOnly('runs as a user of its own, without a capability', async () => {
    expect([0, NOBODY]).not.toContain(uid);
    expect(await statusOf(database.postmaster)).toMatchObject({ Uid: `${uid}\t${uid}\t${uid}\t${uid}`, ...NO_POWERS });
  });

  asRootOnly('cannot be reached by processes of the user nobody', async () => {
    for (const role of ['ringback', 'postgres']) {
      const url = database.url.replace('ringback@', `${role}@`);
      await expect(queryAs(as(NOBODY), url, 'select 1')).rejects.toThrow('EACCES');
    }
  });

  asRootOnly('refuses a process that reaches its socket, also one of its own user', async () => {
    for (const role of ['ringback', 'postgres']) {
      const url = database.url.replace('ringback@', `${role}@`);
      await expect(queryAs(as(uid), url, 'select 1')).rejects.toThrow(`Peer authentication failed for user "${role}"`);
    }
  });
});

describe('the embedded database below a folder that only root may enter', () => {
  let folder: string;
  let deep: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback data '));
    deep = join(folder, 'only root', 'data');
    await mkdir(deep, { recursive: true, mode: 0o700 });
  });

  afterEach(async () => {
    await endAllDatabases();
    const place = await realpath(join(deep, 'postgres')).catch(() => undefined);
    if (place && !place.startsWith(folder)) await rm(dirname(place), { recursive: true });
    await rm(folder, { recursive: true, force: true });
  });

  asRootOnly('is kept in another folder, and served without a capability', async () => {
    const first = await startDatabase(deep);
    await first.query('create table kept as select 42 as answer');
    expect(await statusOf(first.postmaster)).toMatchObject(NO_POWERS);
    await first.stop();

    const second = await startDatabase(deep);

    expect(await second.query('select answer from kept')).toEqual([{ answer: 42 }]);
    expect((await lstat(join(deep, 'postgres'))).isSymbolicLink()).toBe(true);
    expect((await stat(join(folder, 'only root'))).mode & 0o777).toBe(0o700);
  });

  asRootOnly('fails to start with one sentence when that other folder is missing', async () => {
    await (await startDatabase(deep)).stop();
    const place = await realpath(join(deep, 'postgres'));
    await rm(dirname(place), { recursive: true });

    await expect(startDatabase(deep)).rejects.toThrow(`The database of ${deep} is in ${place}, which cannot be read.`);
  });
});
