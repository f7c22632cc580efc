/**
 * A replica that starts on an empty database caches its plans. They must be efficient when the tables have grown, before
 * and after statistics are gathered.
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
  // The statistics of small tables, as autovacuum gathers them in a new installation.
  await maintenance.query('vacuum analyze');
  await maintenance.destroy();
  // One connection, so that the test reads the plans of the right one.
  service = await startTestApp({
    databaseUrl: database.url,
    environment: { DATABASE_POOL_SIZE: '1', ONE_CALL_PER_CALLEE: 'true' },
  });
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

/** Tables that stay small. */
const SMALL = /"(?:migrations|provider_turn|service_line|webhook_endpoint)"/;

/** Statements of each request, which know the callSid. */
const OF_ONE_CALL = ['open-call', 'apply-call-event', 'claim-cancel', 'call-state'];

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

it('no statement of placing calls and applying events scans a growing table', async () => {
  const placed = await service.ask('1004', 'call/2000');
  const callSid = placed.data?.callSid ?? '';
  const phones = [{ phone: '+864000000000' }, { phone: '+8613800002013' }];
  await service.database.query('update service_line set phones = $1', [JSON.stringify(phones)]);
  await service.ask('1005', 'callService');
  const calls = backend(service);
  const ordered = await calls.place({ caller: { phone: newPhone() }, callee: { phone: newPhone() } }, 'key');
  await calls.ask('POST', `/${String(ordered.body.callSid)}/cancel`);
  await calls.place({ caller: { userId: 'one of ours' }, callee: { userId: 'another' } });
  await service.ask('one of ours', `callState/${callSid}`);
  // A call that is not cached.
  await service.ask('1004', `callState/${'0'.repeat(32)}`);
  await service.ask('1004', `callCancel/${callSid}`);
  await waitFor('the end', async () => (await service.ask('1004', `callState/${callSid}`)).data?.stateType === '4');

  const plans = await plansKept();

  expect(Object.keys(plans)).toEqual(
    expect.arrayContaining([
      ...['open-call', 'find-parties', 'apply-call-event', 'claim-cancel', 'call-state'],
      ...['find-named-parties', 'earlier-request', 'placed-call', 'user-by-external-id'],
      ...['find-parties-of-service', 'find-busy-numbers'],
    ]) as unknown,
  );
  const readsAll = (plan: string): boolean =>
    [...plan.matchAll(/"Node Type":"Seq Scan"[^{}]*?"Relation Name":("\w+")/g)].some(
      ([, table = '']) => !SMALL.test(table),
    );
  expect(Object.keys(plans).filter((name) => readsAll(plans[name] ?? ''))).toEqual([]);
  // Partitions that the parameters exclude are not even opened, which took longer than the statement. Without values, that is all.
  const opened = OF_ONE_CALL.map((name) => [name, plans[name]!.match(/"call_(?:record|event)s_\d{4}"/g) ?? []]);
  expect(opened).toEqual(OF_ONE_CALL.map((name) => [name, []]));
});
