// The running version survives it: its tables become the first partitions, which take all calls of a month or more, and keep their names and indexes.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Calls, events, deliveries and attempts are partitioned by callSid, which begins with the time. The tables that were there
 * become the first partitions without a rewrite. Version 0.1.0 goes on with these: its insert of a call needs a unique index
 * that a partitioned table cannot have. So the partitioned tables have names of their own.
 *
 * Each table is locked once, for some milliseconds. What takes long (an index, the check of all rows) locks nobody out.
 */
interface Partitioned {
  readonly first: string;
  readonly all: string;
  readonly key: string;
  /** As SQL: name, columns and condition. */
  readonly indexes: readonly (readonly [name: string, columns: string, isUnique?: true])[];
  /** As SQL, by name: when, and what. */
  readonly triggers: Readonly<Record<string, readonly [event: string, action: string]>>;
}

const TABLES: readonly Partitioned[] = [
  {
    first: 'call_record',
    all: 'call_records',
    key: 'call_sid',
    indexes: [
      ['open_at_provider', '(provider, provider_call_id) where state < 4'],
      ['to_sweep', '(sweep_at) where state < 4'],
      ['by_caller', '(caller_id, call_sid) where state = 4'],
      ['by_callee', '(callee_id, call_sid) where state = 4'],
      ['by_caller_phone', '(caller_phone, call_sid) where state = 4'],
      ['by_callee_phone', '(callee_phone, call_sid) where state = 4'],
      ['by_provider', '(provider, call_sid) where state = 4'],
      ['by_end_reason', '(end_reason, call_sid) where state = 4'],
    ],
    triggers: {
      call_record_begins: ['before insert', 'when (new.state < 4) execute function open_call_begins()'],
      call_record_changes: [
        'after update',
        `when (
          (old.state = 4) <> (new.state = 4)
          or new.state < 4 and (
            old.caller_id <> new.caller_id or old.taken_phone is distinct from new.taken_phone
            or old.service_line_id is distinct from new.service_line_id or old.line_slot is distinct from new.line_slot)
        ) execute function open_call_changes()`,
      ],
      call_record_is_removed: ['after delete', 'when (old.state < 4) execute function open_call_changes()'],
    },
  },
  {
    first: 'call_event',
    all: 'call_events',
    key: 'call_sid, provider, event_id',
    indexes: [
      ['call_sid', '(call_sid, received_at)'],
      ['change', '(call_sid, change_number) where change_number is not null', true],
      ['written_by', '(written_by) where written_by is not null and change_number is not null'],
    ],
    triggers: {
      call_event_announces_its_change: [
        'after insert',
        'when (new.change is not null) execute function webhook_announce_change()',
      ],
    },
  },
  {
    first: 'webhook_delivery',
    all: 'webhook_deliveries',
    key: 'endpoint_id, call_sid, change_number',
    indexes: [
      ['pending', `(endpoint_id, call_sid, change_number) where state = 'pending'`],
      ['recent', '(created_at) where settled_at is null'],
    ],
    triggers: {},
  },
  {
    first: 'webhook_attempt',
    all: 'webhook_attempts',
    key: 'id, call_sid',
    indexes: [['of_delivery', '(endpoint_id, call_sid, change_number, id)']],
    triggers: {},
  },
];

/** The functions of triggers and jobs that name the tables. */
const FUNCTIONS = ['webhook_add_jobs', 'webhook_announce_change'];

/** The months after this one that are partitions from the start. */
const MONTHS_AHEAD = 4;

/**
 * The end of the first partitions: the beginning of the month after next, so that 0.1.0 has at least a month. Later, if a
 * clock was wrong and calls have a later time.
 */
const END = `
select to_char(greatest(
  date_trunc('month', now() at time zone 'UTC') + interval '2 months',
  to_date('20' || left(greatest((select max(call_sid) from call_record), (select max(call_sid) from call_event)), 4), 'YYYYMM')
    + interval '1 month'
), 'YYMM') as month`;

const PARTITION_VIEW = `
create or replace view call_partition as
select parent.relname as table_name, child.relname as name,
  coalesce(substring(bound from 'FROM \\(''(\\d{32})''\\)'), '') as first_call_sid,
  coalesce(substring(bound from 'TO \\(''(\\d{32})''\\)'), repeat('9', 33)) as end_call_sid
from pg_inherits
join pg_class parent on parent.oid = inhparent and parent.relkind = 'p' and parent.relnamespace = 'public'::regnamespace
join pg_class child on child.oid = inhrelid
cross join lateral pg_get_expr(child.relpartbound, child.oid) as bound
where parent.relname in ('call_records', 'call_events', 'webhook_deliveries', 'webhook_attempts')`;

/**
 * With the rights of the tables' owner, because the service may have a role that cannot create or drop tables.
 *
 * "partition of" would lock the partitioned table against everybody, and "attach" does not. A table that is attached gets the
 * indexes and triggers of the partitioned one.
 */
const MAKE_MONTH = `
create or replace function call_partitions_make(month text) returns boolean
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '1s' as $$
declare
  all_rows text;
  is_new boolean := false;
begin
  if month !~ '^\\d\\d(0[1-9]|1[0-2])$' then
    raise 'no month, as YYMM: %', month;
  end if;
  -- Of two replicas, the second finds the partitions of the first.
  perform pg_advisory_xact_lock(hashtext('call partitions'));
  foreach all_rows in array array['call_records', 'call_events', 'webhook_deliveries', 'webhook_attempts'] loop
    continue when exists (
      select from call_partition
      where table_name = all_rows and first_call_sid <= rpad(month, 32, '0') and end_call_sid > rpad(month, 32, '0')
    );
    execute format('create table %I (like %I including defaults including constraints)', all_rows || '_' || month, all_rows);
    execute format('alter table %I attach partition %I for values from (%L) to (%s)',
      all_rows, all_rows || '_' || month, rpad(month, 32, '0'),
      case when month = '9912' then 'maxvalue'
        else quote_literal(rpad(to_char(to_date(month, 'YYMM') + interval '1 month', 'YYMM'), 32, '0')) end);
    is_new := true;
  end loop;
  return is_new;
end
$$`;

/**
 * Drops one partition in which every callSid is less than the given one: first of the records, unless a call of it is open, and
 * then of what belongs to records that are gone. Requests that arrive meanwhile wait for the lock of one table, at most the
 * lock_timeout and the time of dropping.
 */
const DROP_ONE = `
create or replace function call_partitions_drop(before text) returns text
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '100ms' as $$
declare
  old record;
begin
  perform pg_advisory_xact_lock(hashtext('call partitions'));
  select * into old from call_partition one
  where end_call_sid <= before and case
    when table_name = 'call_records' then not exists (
      select from open_call where call_sid >= one.first_call_sid and call_sid < one.end_call_sid)
    else not exists (
      select from call_partition records
      where records.table_name = 'call_records'
        and records.first_call_sid < one.end_call_sid and records.end_call_sid > one.first_call_sid) end
  -- The first partition of attempts refers to that of deliveries.
  order by table_name = 'webhook_deliveries', table_name, end_call_sid limit 1;
  if not found then
    return null;
  end if;
  execute format('lock table only %I in access exclusive mode', old.table_name);
  if old.table_name = 'call_records' and exists (
    select from open_call where call_sid >= old.first_call_sid and call_sid < old.end_call_sid
  ) then
    return null;
  end if;
  execute format('drop table %I', old.name);
  return old.name;
end
$$`;

/** Gives back the space of deliveries and attempts whose callSids are less than the given one. */
const EMPTY_DELIVERIES = `
create or replace function webhook_partitions_empty(before text) returns void
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '100ms' as $$
declare
  old record;
begin
  for old in
    select deliveries.name as deliveries, attempts.name as attempts
    from call_partition deliveries join call_partition attempts using (end_call_sid)
    where deliveries.table_name = 'webhook_deliveries' and attempts.table_name = 'webhook_attempts' and end_call_sid <= before
      and pg_relation_size(format('public.%I', deliveries.name)::regclass)
        + pg_relation_size(format('public.%I', attempts.name)::regclass) > 0
  loop
    execute format('truncate %I, %I', old.deliveries, old.attempts);
  end loop;
end
$$`;

export class PartitionByMonth1764823000000 implements MigrationInterface {
  /** PostgreSQL builds no index concurrently inside a transaction, and each table has a transaction of its own. */
  readonly transaction = false;

  /** May be run again after a failure at any place. */
  async up(queryRunner: QueryRunner): Promise<void> {
    const [{ month }] = (await queryRunner.query(END)) as [{ month: string }];
    const end = month.padEnd(32, '0');
    for (const table of TABLES) {
      if (await isPartitioned(queryRunner, table)) continue;
      await boundFirst(queryRunner, table, end);
      if (table.first === 'webhook_attempt') await indexAttempts(queryRunner);
      await inTransaction(queryRunner, () => partition(queryRunner, table, end));
    }
    await inTransaction(queryRunner, async () => {
      await renameInFunctions(queryRunner, ({ first, all }) => [first, all]);
      await queryRunner.query(PARTITION_VIEW);
      for (const statement of [MAKE_MONTH, DROP_ONE, EMPTY_DELIVERIES]) await queryRunner.query(statement);
      await queryRunner.query(
        `revoke execute on function call_partitions_make, call_partitions_drop, webhook_partitions_empty from public`,
      );
      await queryRunner.query(
        `select call_partitions_make(to_char(now() at time zone 'UTC' + ahead * interval '1 month', 'YYMM'))
         from generate_series(0, ${MONTHS_AHEAD}) ahead`,
      );
    });
  }

  /** Copies the rows of the other partitions into the first one. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      drop function call_partitions_make, call_partitions_drop, webhook_partitions_empty;
      drop view call_partition;
    `);
    await renameInFunctions(queryRunner, ({ first, all }) => [all, first]);
    for (const table of TABLES) await unite(queryRunner, table);
  }
}

const isPartitioned = async (queryRunner: QueryRunner, { all }: Partitioned): Promise<boolean> =>
  ((await queryRunner.query('select from pg_class where oid = to_regclass($1)', [`public.${all}`])) as unknown[])
    .length > 0;

const inTransaction = async (queryRunner: QueryRunner, work: () => Promise<void>): Promise<void> => {
  await queryRunner.query('begin');
  try {
    await queryRunner.query(`set local lock_timeout = '400ms'`);
    await work();
    await queryRunner.query('commit');
  } catch (error) {
    await queryRunner.query('rollback');
    throw error;
  }
};

/** The check is what lets "attach" skip reading the table under its lock. */
const boundFirst = async (queryRunner: QueryRunner, { first }: Partitioned, end: string): Promise<void> => {
  await inTransaction(queryRunner, async () => {
    await queryRunner.query(`
      alter table ${first} drop constraint if exists ${first}_is_first;
      alter table ${first} add constraint ${first}_is_first check (call_sid < '${end}') not valid;
    `);
  });
  // Reads all rows, and locks nobody out.
  await queryRunner.query(`alter table ${first} validate constraint ${first}_is_first`);
};

const indexAttempts = async (queryRunner: QueryRunner): Promise<void> => {
  // An interrupted build leaves an index under this name that is never used.
  await queryRunner.query('drop index concurrently if exists webhook_attempt_identity');
  await queryRunner.query(
    'create unique index concurrently webhook_attempt_identity on webhook_attempt (id, call_sid)',
  );
};

const partition = async (queryRunner: QueryRunner, table: Partitioned, end: string): Promise<void> => {
  const { first, all, key, indexes, triggers } = table;
  await queryRunner.query(`lock table ${first} in access exclusive mode`);
  await queryRunner.query(`
    create table ${all} (like ${first} including defaults including constraints) partition by range (call_sid);
    alter table ${all} drop constraint ${first}_is_first;
    alter table ${all} add constraint ${all}_pkey primary key (${key});
  `);
  for (const [name, columns, isUnique] of indexes) {
    await queryRunner.query(`create ${isUnique ? 'unique ' : ''}index ${all}_${name} on ${all} ${columns}`);
  }
  for (const [name, [event, action]] of Object.entries(triggers)) {
    await queryRunner.query(`
      drop trigger ${name} on ${first};
      create trigger ${name} ${event} on ${all} for each row ${action};
    `);
  }
  if (first === 'webhook_attempt') await numberAttempts(queryRunner);
  await queryRunner.query(`
    alter table ${all} attach partition ${first} for values from (minvalue) to ('${end}');
    alter table ${first} drop constraint ${first}_is_first;
  `);
};

/**
 * The identity is that of the partitioned table. Since PostgreSQL 17 its partitions have it too. Before, the first partition
 * gets its numbers from there, for version 0.1.0.
 */
const numberAttempts = async (queryRunner: QueryRunner): Promise<void> => {
  const [{ next, version }] = (await queryRunner.query(
    `select coalesce(max(id), 0) + 1 as next, current_setting('server_version_num')::integer as version from webhook_attempt`,
  )) as [{ next: string; version: number }];
  await queryRunner.query(`
    alter table webhook_attempt
      drop constraint webhook_attempt_pkey,
      add constraint webhook_attempt_pkey primary key using index webhook_attempt_identity;
    alter table webhook_attempt alter id drop identity;
    alter table webhook_attempts alter id add generated always as identity (start with ${next});
  `);
  if (version < 170_000) {
    await queryRunner.query(
      `alter table webhook_attempt alter id set default nextval(pg_get_serial_sequence('webhook_attempts', 'id'))`,
    );
  }
};

/** @param names of a table: the present one, and the one in place of it */
const renameInFunctions = async (
  queryRunner: QueryRunner,
  names: (table: Partitioned) => readonly [from: string, to: string],
): Promise<void> => {
  for (const name of FUNCTIONS) {
    const [{ definition }] = (await queryRunner.query('select pg_get_functiondef($1::regproc) as definition', [
      name,
    ])) as [{ definition: string }];
    const renamed = TABLES.map(names).reduce(
      (text, [from, to]) => text.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to),
      definition,
    );
    await queryRunner.query(renamed);
  }
};

const unite = async (queryRunner: QueryRunner, { first, all, triggers }: Partitioned): Promise<void> => {
  await queryRunner.query(`
    alter table ${all} detach partition ${first};
    insert into ${first} select * from ${all};
  `);
  if (first === 'webhook_attempt') await queryRunner.query('alter table webhook_attempt alter id drop default');
  await queryRunner.query(`drop table ${all}`);
  for (const [name, [event, action]] of Object.entries(triggers)) {
    await queryRunner.query(`create trigger ${name} ${event} on ${first} for each row ${action}`);
  }
  if (first !== 'webhook_attempt') return;
  const [{ next }] = (await queryRunner.query('select coalesce(max(id), 0) + 1 as next from webhook_attempt')) as [
    { next: string },
  ];
  await queryRunner.query(`
    alter table webhook_attempt
      drop constraint webhook_attempt_pkey,
      add constraint webhook_attempt_pkey primary key (id);
    alter table webhook_attempt alter id add generated always as identity (start with ${next});
  `);
};
