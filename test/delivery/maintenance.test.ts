import { DataSource } from 'typeorm';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { EndpointService } from '../../src/delivery/endpoint.service.js';
import type { EndpointUrlCheck } from '../../src/delivery/endpoint-url-check.js';
import { DeliveryMaintenance } from '../../src/delivery/delivery-maintenance.js';
import { AN_AUTHOR, auditOf } from '../support/author.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { openTestCall } from '../support/test-call.js';

/** Without a worker, so that jobs stay in the queue. */
let testDatabase: TestDatabase;
let database: DataSource;
let maintenance: DeliveryMaintenance;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  maintenance = new DeliveryMaintenance(database);
});
afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** The process does not stop. */
const NEVER = new AbortController().signal;

const newEndpoint = async (): Promise<string> => {
  const [endpoint] = await database.query<{ id: string }[]>(
    `insert into webhook_endpoint (url, secret) values ('https://backend.example.com/', 'whsec_') returning id`,
  );
  return endpoint!.id;
};

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

/** Creates pending deliveries, each of its own call. */
const deliveries = async (endpointId: string, day: Date, count: number): Promise<void> => {
  await database.query(
    `with delivery as (
       insert into webhook_deliveries (endpoint_id, call_sid, change_number)
       select $1, left($2, 15) || lpad(n::text, 17, '0'), 1 from generate_series(1, $3::integer) n
       returning *
     )
     select count(*) from delivery`,
    [endpointId, newCallSid(day), count],
  );
  await database.query(
    'insert into webhook_attempts (endpoint_id, call_sid, change_number) select endpoint_id, call_sid, change_number from webhook_deliveries where endpoint_id = $1',
    [endpointId],
  );
};

const counts = async (): Promise<unknown> =>
  (
    await database.query<unknown[]>(
      `select (select count(*)::int from webhook_deliveries) as deliveries, (select count(*)::int from webhook_attempts) as attempts`,
    )
  )[0];

describe('deliveries', () => {
  it('are removed 30 days after their call, with their attempts', async () => {
    await deliveries(await newEndpoint(), daysAgo(32), 1_200);
    const endpointId = await newEndpoint();
    await deliveries(endpointId, daysAgo(29), 3);

    await maintenance.forget(NEVER);

    expect(await counts()).toEqual({ deliveries: 3, attempts: 3 });
  });

  it('are removed when their endpoint is removed', async () => {
    const endpointId = await newEndpoint();
    await deliveries(endpointId, daysAgo(0), 600);
    await deliveries(await newEndpoint(), daysAgo(0), 2);
    await database.query('delete from webhook_endpoint where id = $1', [endpointId]);

    await maintenance.forget(NEVER);

    expect(await counts()).toEqual({ deliveries: 2, attempts: 2 });
  });

  it('that are pending get a job when their endpoint is enabled, and keep a running job', async () => {
    const endpointId = await newEndpoint();
    const callSid = await openTestCall({ database });
    await database.query('select webhook_add_jobs(array[$1])', [callSid]);
    await database.query(
      `update graphile_worker._private_jobs set locked_at = now(), locked_by = 'somebody', attempts = 3`,
    );
    await deliveries(endpointId, daysAgo(1), 1_200);

    await maintenance.resume(endpointId, NEVER);

    const jobs = await database.query<{ key: string; attempts: number }[]>(
      'select key, attempts from graphile_worker.jobs order by attempts desc',
    );
    expect(jobs).toHaveLength(1_201);
    expect(new Set(jobs.map(({ key }) => key)).size).toBe(1_201);
    expect(jobs[0]).toEqual({ key: `deliver:${endpointId}:${callSid}`, attempts: 3 });
  });
});

it('an announcement of a freeze whose process is gone runs again after a minute, and one that runs is left alone', async () => {
  await newEndpoint();
  for (const [subject, lockedFor] of [
    ['GB', '61 seconds'],
    ['FR', '30 seconds'],
  ]) {
    const [freeze] = await database.query<{ id: string }[]>(
      `insert into call_freeze (kind, subject, frozen_by) values ('country', $1, 'ops') returning id`,
      [subject],
    );
    await database.query(
      `update graphile_worker._private_jobs set locked_at = now() - $2::interval, locked_by = $3
       where payload ->> 'freezeId' = $1`,
      [freeze!.id, lockedFor, subject],
    );
  }

  await maintenance.recover();

  const jobs = await database.query<{ lockedBy: string | null }[]>(
    `select locked_by as "lockedBy" from graphile_worker._private_jobs where payload ->> 'freezeId' is not null order by id`,
  );
  expect(jobs).toEqual([{ lockedBy: null }, { lockedBy: 'FR' }]);
});

it('a sequence that graphile-worker uses up is reset long before its end', async () => {
  const sequence = `pg_get_serial_sequence('graphile_worker._private_tasks', 'id')`;
  await newEndpoint();
  await database.query('select webhook_add_jobs(array[$1])', [await openTestCall({ database })]);
  await database.query(`select setval(${sequence}, 1900000000)`);

  await maintenance.forget(NEVER);

  const [{ last }] = await database.query<[{ last: string }]>(
    `select pg_sequence_last_value(${sequence}::regclass)::text as last`,
  );
  expect(Number(last)).toBeLessThan(100);
  await database.query('select webhook_add_jobs(array[$1])', [await openTestCall({ database })]);
});

describe('the waiting jobs of an endpoint', () => {
  const jobsOf = async (endpointId: string): Promise<number> =>
    (
      await database.query<unknown[]>('select from graphile_worker.jobs where starts_with(key, $1)', [
        `deliver:${endpointId}:`,
      ])
    ).length;

  it.each(['removed', 'disabled'])('are removed when it is %s, and other endpoints’ jobs stay', async (how) => {
    const endpoints = new EndpointService(database, {} as EndpointUrlCheck, auditOf(database));
    const [gone, other] = [await newEndpoint(), await newEndpoint()];
    for (const id of [gone, other]) {
      await deliveries(id, daysAgo(1), 600);
      await maintenance.resume(id, NEVER);
    }
    expect(await jobsOf(gone)).toBe(600);

    if (how === 'removed') await endpoints.remove(gone, AN_AUTHOR);
    else await endpoints.change(gone, { enabled: false }, AN_AUTHOR);

    expect(await jobsOf(gone)).toBe(0);
    expect(await jobsOf(other)).toBe(600);
    if (how === 'removed') return;
    await endpoints.change(gone, { enabled: true }, AN_AUTHOR);
    await maintenance.resume(gone, NEVER);
    expect(await jobsOf(gone)).toBe(600);
  });
});
