/**
 * The roles of the embedded database. The service's role owns its database and is not a superuser. A superuser could
 * run programs and read all files of the server's user (`copy … to program`).
 */
import { Client } from 'pg';

export const SUPERUSER = 'postgres';
export const ROLE = 'ringback';
const DATABASE = ROLE;

/** The role does not exist, or may not log in. */
export const INVALID_AUTHORIZATION = '28000';

/**
 * Creates missing roles and the database. @param urlOf returns the URL for a role and a database of the running server
 */
export const ensureRoles = async (urlOf: (role: string, database: string) => string): Promise<void> => {
  if (!(await exists(urlOf(SUPERUSER, 'postgres')))) await demoteFirstRole(urlOf);
  await withClient(urlOf(SUPERUSER, 'postgres'), async (client) => {
    if (!(await has(client, 'select from pg_roles where rolname = $1', ROLE))) {
      await client.query(`create role ${ROLE} login`);
    }
    if (!(await has(client, 'select from pg_database where datname = $1', DATABASE))) {
      await client.query(`create database ${DATABASE} owner ${ROLE}`);
    }
  });
};

/**
 * In version 0.1.0 the service's role was the server's first role. PostgreSQL keeps that role a superuser permanently
 * and does not reassign its objects. So it is renamed, and a new role gets the service's name and objects. A role
 * cannot rename itself, so a third role exists during the transaction.
 */
const demoteFirstRole = async (urlOf: (role: string, database: string) => string): Promise<void> => {
  const isMade = await withClient(urlOf(ROLE, 'postgres'), (client) =>
    has(client, 'select from pg_database where datname = $1', DATABASE),
  );
  await withClient(urlOf(ROLE, isMade ? DATABASE : 'postgres'), async (client) => {
    await client.query(`begin;
      create role ringback_upgrade superuser;
      set local session authorization ringback_upgrade;
      alter role ${ROLE} rename to ${SUPERUSER};
      create role ${ROLE} login`);
    if (isMade) await client.query(`alter database ${DATABASE} owner to ${ROLE}; ${HAND_OVER}`);
    await client.query('reset session authorization; drop role ringback_upgrade; commit');
  });
};

/** All objects of the first role (oid 10) in this database, except PostgreSQL's own. */
const HAND_OVER = `
do $$
declare
  owned record;
begin
  for owned in
    with ours as (
      select oid, nspname, nspowner from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
    )
    select format('schema %I', nspname) as object from ours where nspowner = 10
    union all
    -- Indexes, and the sequences of columns, go with their tables.
    select format('%s %I.%I', case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
      when 'c' then 'type' else 'table' end, nspname, relname)
    from pg_class join ours on ours.oid = relnamespace
    where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S', 'c') and not (relkind = 'S' and exists (
      select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')))
    union all
    select format('routine %s', pg_proc.oid::regprocedure) from pg_proc join ours on ours.oid = pronamespace
    where proowner = 10
    union all
    select format('%s %I.%I', case typtype when 'd' then 'domain' else 'type' end, nspname, typname)
    from pg_type join ours on ours.oid = typnamespace
    where typowner = 10 and typtype in ('e', 'd', 'r')
  loop
    execute format('alter %s owner to ${ROLE}', owned.object);
  end loop;
end $$`;

const has = async (client: Client, question: string, name: string): Promise<boolean> =>
  (await client.query(question, [name])).rowCount === 1;

const exists = async (url: string): Promise<boolean> => {
  try {
    await withClient(url, () => Promise.resolve());
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === INVALID_AUTHORIZATION) return false;
    throw error;
  }
};

const withClient = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
