import { DataSource } from 'typeorm';
import { createLogger } from '../../src/common/logger.js';
import { FreezeAnnouncement } from '../../src/delivery/freeze-announcement.js';
import { WebhookDeliverer } from '../../src/delivery/webhook-deliverer.js';
import type { DeliveryJobs } from '../../src/delivery/delivery-jobs.js';
import type { WebhookRequest } from '../../src/delivery/webhook-request.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { openTestCall } from '../support/test-call.js';

/** Without a worker, so that jobs stay in the queue. */
let testDatabase: TestDatabase;
let database: DataSource;
let deliverer: WebhookDeliverer;
let endpointId: string;
let callSid: string;

interface Job {
  readonly id: string;
  readonly key: string | null;
  readonly failures: number;
  readonly flags: unknown;
  readonly isDue: boolean;
}

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  deliverer = new WebhookDeliverer(database, {} as WebhookRequest, {} as DeliveryJobs, createLogger('silent'));
  const [endpoint] = await database.query<{ id: string }[]>(
    `insert into webhook_endpoint (url, secret) values ('https://backend.example.com/', 'whsec_') returning id`,
  );
  endpointId = endpoint!.id;
  callSid = await openTestCall({ database });
  await database.query('select webhook_add_jobs(array[$1])', [callSid]);
});
afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const jobs = (): Promise<Job[]> =>
  database.query<Job[]>(
    `select id, key, attempts as failures, flags, run_at <= now() and locked_at is null as "isDue"
     from graphile_worker.jobs order by id`,
  );

/** Locks the only job, as a worker does for its fourth attempt. */
const lockJob = async (): Promise<string> => {
  const [[job]] = await database.query<[{ id: string }[], number]>(
    `update graphile_worker._private_jobs set locked_by = 'worker', locked_at = now(), attempts = 4 returning id`,
  );
  return job!.id;
};

it('a job that is put back is due with the same key, flags and failures, and the old job has no key', async () => {
  const id = await lockJob();
  const [before] = await jobs();

  await deliverer.putBack({ endpointId, callSid }, { id, failures: 3 });

  const [ran, again] = await jobs();
  expect(ran).toMatchObject({ id, key: null, isDue: false });
  expect(again).toMatchObject({ key: before!.key, failures: 3, flags: before!.flags, isDue: true });
  expect(await jobs()).toHaveLength(2);
});

it('a job is not put back when another job has its key, and the other job is unchanged', async () => {
  const id = await lockJob();
  await database.query('select webhook_add_job($1, $2)', [endpointId, callSid]);
  const before = await jobs();
  expect(before).toHaveLength(2);

  await deliverer.putBack({ endpointId, callSid }, { id, failures: 3 });

  expect(await jobs()).toEqual(before);
});

it('an announcement of a freeze that is put back is due with the same key, flags and failures', async () => {
  await database.query('delete from graphile_worker._private_jobs');
  const [freeze] = await database.query<{ id: string }[]>(
    `insert into call_freeze (kind, subject, frozen_by) values ('country', 'GB', 'ops') returning id`,
  );
  const announcement = new FreezeAnnouncement(database, {} as WebhookRequest, createLogger('silent'));
  const id = await lockJob();
  const [before] = await jobs();

  await announcement.putBack({ endpointId, freezeId: freeze!.id }, { id, failures: 3 });

  const [ran, again] = await jobs();
  expect(ran).toMatchObject({ id, key: null, isDue: false });
  expect(again).toMatchObject({ key: before!.key, failures: 3, flags: before!.flags, isDue: true });
  expect(again!.flags).toEqual({ [`endpoint:${endpointId}`]: true });
  expect(await jobs()).toHaveLength(2);
});
