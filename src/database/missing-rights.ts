/**
 * The rights that the role lacks for what the service does with its tables. The owner of the tables has all rights.
 * Checked at start: without most of these rights a call would be placed, and its changes lost.
 */
import type { ClientBase } from 'pg';
import { getMetadataArgsStorage } from 'typeorm';
import type { DatabaseSetting } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { JOB_SCHEMA } from '../postgres/job-queue.js';

const FUNCTIONS = [
  'call_freeze_add_job',
  'call_partitions_drop',
  'call_partitions_make',
  'webhook_add_job',
  'webhook_add_jobs',
  'webhook_job_key',
  'webhook_partitions_empty',
];

/**
 * $1: our tables, $2: our functions, $3: the schema of graphile-worker. Its tables have row-level security, so rights
 * do not suffice: without a policy for the role, the role sees no row and can add none.
 *
 * 1. `relation`, `routine`: the tables, sequences and functions that must be accessible.
 * 2. `lacking`: the statements for missing rights, in the order in which they must run.
 */
const MISSING = `
with relation as (
  select class.oid, nspname as schema, format('%I.%I', nspname, relname) as name, relkind as kind, relrowsecurity,
    relkind = 'v' or relname = 'migrations' as is_read_only
  from pg_class class join pg_namespace namespace on namespace.oid = relnamespace
  where relkind in ('r', 'p', 'v', 'S') and (nspname = $3 or nspname = 'public' and relname = any ($1))
), routine as (
  select proc.oid, proc.oid::regprocedure::text as name
  from pg_proc proc join pg_namespace namespace on namespace.oid = pronamespace
  where nspname = $3 or nspname = 'public' and proname = any ($2)
), lacking as (
  select 1 as place, format('grant usage on schema %I to %I', nspname, current_user) as statement
  from pg_namespace where nspname in ('public', $3) and not has_schema_privilege(oid, 'usage')
  union all
  select 2, format('grant select on %s to %I', string_agg(name, ', ' order by name), current_user)
  from relation where kind <> 'S' and is_read_only and not has_table_privilege(oid, 'select')
  having count(*) > 0
  union all
  select 3, format('grant select, insert, update, delete on %s to %I', string_agg(name, ', ' order by name), current_user)
  from relation
  where kind <> 'S' and not is_read_only and not (
    has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert') and
    has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))
  having count(*) > 0
  union all
  select 4, format('grant usage, select, update on sequence %s to %I', string_agg(name, ', ' order by name), current_user)
  from relation
  where kind = 'S' and schema = $3 and not (has_sequence_privilege(oid, 'usage') and has_sequence_privilege(oid, 'update'))
  having count(*) > 0
  union all
  select 5, format('grant execute on function %s to %I', string_agg(name, ', ' order by name), current_user)
  from routine where not has_function_privilege(oid, 'execute')
  having count(*) > 0
  union all
  select 6, format('create policy %I on %s to %1$I using (true) with check (true)', current_user, name)
  from relation
  where relrowsecurity and row_security_active(oid) and exists (
    select from unnest(array['r', 'a', 'w', 'd']) as command
    where not exists (
      select from pg_policy
      where polrelid = relation.oid and polpermissive and polcmd::text in ('*', command)
        and exists (select from unnest(polroles) as granted where granted = 0 or pg_has_role(granted, 'usage'))))
)
select statement from lacking order by place, statement
`;

/** @throws Error with the statements that grant what is missing */
export const checkRights = async (client: ClientBase, setting: DatabaseSetting): Promise<void> => {
  const statements = await missingRights(client);
  if (statements.length === 0) return;
  throw new Error(
    `The role of ${setting} lacks rights that the service needs. Run these statements as the role that owns the tables, ` +
      `then start again (docs/database.md):\n${statements.map((statement) => `  ${statement};`).join('\n')}`,
  );
};

/** @returns the statements that grant what is missing */
const missingRights = async (client: ClientBase): Promise<string[]> => {
  const tables = getMetadataArgsStorage().filterTables(dataSourceOptions('', 1).entities);
  const names = [...tables.map(({ name }) => name), 'migrations'];
  const { rows } = await client.query<{ statement: string }>(MISSING, [names, FUNCTIONS, JOB_SCHEMA]);
  return rows.map(({ statement }) => statement);
};
