/**
 * The entities and the migrations describe the same tables. TypeORM compares only the names of indexes and constraints. So
 * this test compares the tables that the entities create with the tables that the migrations create.
 */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let migrated: TestDatabase;
let described: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  migrated = await createTestDatabase();
  described = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(migrated.url, 1)).initialize();
});
afterAll(async () => {
  await database.destroy();
  await Promise.all([migrated.drop(), described.drop()]);
});

/** As SQL: a table, and neither a partition of one nor a view. */
const IS_WHOLE = (table: string): string =>
  `exists (select from pg_class where oid = ${table} and relkind in ('r', 'p') and not relispartition)`;

/** As SQL: the indexes that it cannot describe. */
const OF_EXPRESSIONS = `'app_user_by_name'`;

/** Everything that TypeORM can describe, as PostgreSQL's definitions, without TypeORM's own table. */
const SHAPE = `
select 'column ' || table_name || '.' || column_name as name,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), is_nullable, identity_generation, column_default) as definition
from information_schema.columns
join pg_attribute a on a.attrelid = table_name::regclass and a.attname = column_name
where table_schema = 'public' and table_name <> 'migrations' and ${IS_WHOLE('table_name::regclass')}
union all
select 'constraint ' || conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid)
from pg_constraint
where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid <> 'migrations'::regclass
  and ${IS_WHOLE('conrelid')}
union all
select 'index ' || indexname, replace(indexdef, ' ON ONLY ', ' ON ') from pg_indexes
where schemaname = 'public' and tablename <> 'migrations' and ${IS_WHOLE('tablename::regclass')}
  and indexname not in (${OF_EXPRESSIONS})
order by 1
`;

it('TypeORM’s schema builder finds no difference in the migrated tables', async () => {
  const { upQueries } = await database.driver.createSchemaBuilder().log();

  expect(upQueries.map(({ query }) => query)).toEqual([]);
});

it('tables created from the entities equal the migrated tables, with all indexes', async () => {
  const empty = await new DataSource(dataSourceOptions(described.url, 1)).initialize();
  try {
    await empty.query('drop schema public cascade; create schema public; create table migrations ()');
    await empty.synchronize();

    const shape = await empty.query<unknown[]>(SHAPE);
    expect(shape.length).toBeGreaterThan(40);
    expect(shape).toEqual(await database.query(SHAPE));
  } finally {
    await empty.destroy();
  }
});
