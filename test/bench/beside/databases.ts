/**
 * A PostgreSQL for the bench, with one database per program, because Ringback listens to changes in its database. A commit
 * waits for the disk, as in a deployment.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { readKeyRing } from '../../../src/config/key-ring.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/embedded-postgres/embedded-postgres.js';
import { migrate } from '../../../src/database/migrate.js';
import { encryptSecret } from '../../../src/directory/secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './given.js';
import { cpuSecondsOfFamily } from './processor-time.js';

export const CALLEE = '2013';
/** The number of users who can call. */
export const CALLERS = 20_000;
const FIRST_CALLER = 1_000_000;
export const callerOf = (index: number): string => String(FIRST_CALLER + index);

export interface Database {
  readonly url: string;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Databases {
  readonly version: string;
  /** Creates a database with the callers and without calls. @param name need not be unique */
  create(name: string): Promise<Database>;
  /** Processor time of all of PostgreSQL since it started. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

export const startDatabases = async (folder: string): Promise<Databases> => {
  const dataDir = join(folder, 'database');
  await mkdir(dataDir);
  return databasesOn(await startEmbeddedPostgres({ dataDir }), dataDir);
};

/** Stops the server if this fails. */
export const databasesOn = async (
  server: Pick<EmbeddedPostgres, 'superuserUrl' | 'stop'>,
  dataDir: string,
): Promise<Databases> => {
  try {
    const template = databaseAt(server.superuserUrl);
    await migrate(server.superuserUrl);
    await fillDirectory(template);
    const [row] = await template.query<{ version: string }>(`select current_setting('server_version') as version`);
    let created = 0;
    const postmaster = parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
    return {
      version: row?.version ?? 'unknown',
      async create(name) {
        const own = new URL(server.superuserUrl);
        const maintenance = new URL(server.superuserUrl);
        const unique = `${name}_${++created}`;
        const templateName = own.pathname.slice(1);
        maintenance.pathname = '/postgres';
        await databaseAt(maintenance.href).query(`create database ${unique} template ${templateName}`);
        own.pathname = `/${unique}`;
        return databaseAt(own.href);
      },
      cpuSeconds: () => cpuSecondsOfFamily(postmaster),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/** Uses one connection per statement, because an open connection would prevent that a database is copied. */
export const databaseAt = (url: string): Database => ({
  url,
  async query<Row extends object>(text: string, values: readonly unknown[] = []) {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  },
});

const fillDirectory = async (database: Database): Promise<void> => {
  const keys = readKeyRing(SUB_ACCOUNT_KEYS);
  const ids = Array.from({ length: CALLERS }, (_, index) => callerOf(index));
  const secrets = ids.map((userId) => encryptSecret('a secret', { userId, provider: 'simulator' }, keys).secret);
  await database.query(
    `insert into app_user (id, name, phone) select id, 'caller', '+86139' || lpad(id::text, 8, '0') from unnest($1::bigint[]) id`,
    [ids],
  );
  await database.query(`insert into app_user (id, name, phone) values ($1, 'callee', '+8613800002013')`, [CALLEE]);
  await database.query(
    `insert into sub_account (user_id, provider, external_id, secret, key_name)
     select id, 'simulator', 'bench-' || id, secret, 'bench' from unnest($1::bigint[], $2::text[]) given (id, secret)`,
    [ids, secrets],
  );
  await database.query('vacuum analyze');
};

export interface LiveCall {
  readonly callSid: string;
  readonly callerId: string;
  readonly state: number;
}

/** Replaces all calls by one call for each of the first `count` callers, in the given state or in states 1 to 3 in turn. */
export const putLiveCalls = async (database: Database, count: number, state?: number): Promise<LiveCall[]> => {
  const begin = `2611${String(Date.now()).slice(-11)}`;
  const calls = Array.from({ length: count }, (_, index) => ({
    callSid: begin + String(index).padStart(17, '0'),
    callerId: callerOf(index),
    state: state ?? 1 + (index % 3),
  }));
  // A caller with an open call would get that call, and this bench would count it as a new one.
  await database.query('truncate call_events, call_records, open_call, recent_calls');
  await database.query(
    `insert into call_records (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state,
       requested_at, changes, sweep_at, deadline_at, turn_at)
     select call_sid, caller_id, $4, '+8613900001001', '+8613800002013', 'simulator', 'bench', state,
       now(), state, now() + interval '4 hours', now() + interval '4 hours', now()
     from unnest($1::text[], $2::bigint[], $3::smallint[]) given (call_sid, caller_id, state)`,
    [
      calls.map(({ callSid }) => callSid),
      calls.map(({ callerId }) => callerId),
      calls.map((call) => call.state),
      CALLEE,
    ],
  );
  await database.query('vacuum analyze call_records, call_events');
  return calls;
};
