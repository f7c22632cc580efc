/**
 * A replica that starts on an empty database keeps the plans that it makes then. They must be fit for the tables that come
 * of it, until statistics are gathered and for ever after.
 */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { backend, newPhone } from '../support/backend.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let database: TestDatabase;
let service: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const maintenance = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
  // As small as autovacuum finds them in a new installation.
  await maintenance.query('vacuum analyze');
  await maintenance.destroy();
  // One connection, so that it is the one that is asked for its plans.
  service = await startTestApp({ databaseUrl: database.url, environment: { DATABASE_POOL_SIZE: '1' } });
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

/** Of the things that are few by nature, or that a person has typed in. */
const SMALL = /"(?:migrations|provider_turn|service_line|webhook_endpoint)"/;

const plansKept = async (): Promise<Record<string, string>> => {
  await service.database.query('set plan_cache_mode = force_generic_plan');
  const statements = await service.database.query<{ name: string; nulls: string }[]>(
    `select name, repeat('null,', coalesce(cardinality(parameter_types), 0)) as nulls from pg_prepared_statements`,
  );
  const plans: Record<string, string> = {};
  for (const { name, nulls } of statements) {
    const given = nulls === '' ? '' : `(${nulls.slice(0, -1)})`;
    const [row] = await service.database.query<{ 'QUERY PLAN': unknown }[]>(
      `explain (format json) execute "${name}"${given}`,
    );
    plans[name] = JSON.stringify(row?.['QUERY PLAN']);
  }
  return plans;
};

it('no statement that calls and events wait on reads a growing table from end to end', async () => {
  const placed = await service.ask('1004', 'call/2000');
  const callSid = placed.data?.callSid ?? '';
  await service.ask('1005', 'callService');
  const calls = backend(service);
  const ordered = await calls.place({ caller: { phone: newPhone() }, callee: { phone: newPhone() } }, 'key');
  await calls.ask('POST', `/${String(ordered.body.callSid)}/cancel`);
  // One that is not in memory.
  await service.ask('1004', `callState/${'0'.repeat(32)}`);
  await service.ask('1004', `callCancel/${callSid}`);
  await waitFor('the end', async () => (await service.ask('1004', `callState/${callSid}`)).data?.stateType === '4');

  const plans = await plansKept();

  expect(Object.keys(plans)).toEqual(
    expect.arrayContaining([
      ...['open-call', 'find-parties', 'apply-call-event', 'claim-cancel', 'call-state'],
      ...['find-named-parties', 'earlier-request', 'placed-call'],
    ]) as unknown,
  );
  const readsAll = (plan: string): boolean =>
    [...plan.matchAll(/"Node Type":"Seq Scan"[^{}]*?"Relation Name":("\w+")/g)].some(
      ([, table = '']) => !SMALL.test(table),
    );
  expect(Object.keys(plans).filter((name) => readsAll(plans[name] ?? ''))).toEqual([]);
});
