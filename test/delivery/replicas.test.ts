import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { openTestCall, publishStep, endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';

let database: TestDatabase;
let receiver: WebhookReceiver;
const replicas: TestApp[] = [];

const replica = async (): Promise<TestApp> => {
  const app = await startTestApp({
    databaseUrl: database.url,
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
  replicas.push(app);
  return app;
};

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  await Promise.all(replicas.splice(0).map((app) => app.close()));
  await receiver.close();
  await database.drop();
});

const numbersAccepted = (callSid: string): number[] =>
  receiver.accepted(callSid).map(({ change }) => change.data.number);

it('replicas share the deliveries, and each call’s changes stay in order when a third of the attempts fails', async () => {
  const one = await replica();
  const two = await replica();
  await registerEndpoint(one, { url: receiver.url });
  let count = 0;
  receiver.replyWith(async () => {
    await sleep(Math.random() * 20);
    return ++count % 3 === 0 ? 500 : 204;
  });

  const calls: string[] = [];
  for (let index = 0; index < 12; index++) {
    const callSid = await openTestCall(index % 2 ? one : two);
    await publishStep(two, callSid, 2);
    await publishStep(one, callSid, 3);
    await publishStep(two, callSid, 4);
    calls.push(callSid);
  }
  await waitFor(
    'all deliveries',
    async () => {
      await retryNow(one.database);
      return receiver.accepted().length >= 48;
    },
    25_000,
  );

  for (const callSid of calls)
    expect({ callSid, numbers: numbersAccepted(callSid) }).toEqual({ callSid, numbers: [1, 2, 3, 4] });
  expect(receiver.mostConcurrent).toBe(1);
});

it('a replica delivers what another replica had not delivered when it stopped', async () => {
  const one = await replica();
  await registerEndpoint(one, { url: receiver.url });
  receiver.replyWith(() => 'cut');
  const callSid = await endedTestCall(one);
  await waitFor('an attempt', () => receiver.received.length > 0);
  await one.close();
  replicas.splice(0);
  receiver.replyWith(() => 204);

  const two = await replica();

  await waitFor('four deliveries', async () => {
    await retryNow(two.database);
    return receiver.accepted(callSid).length >= 4;
  });
  expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
});

it('an attempt that a stopping process aborts is stored, does not count as a failure, and is made again', async () => {
  const one = await replica();
  await registerEndpoint(one, { url: receiver.url });
  receiver.replyWith(() => 'silence');
  const callSid = await openTestCall(one);
  await waitFor('an attempt', () => receiver.received.length > 0);

  const begin = performance.now();
  await one.close();
  replicas.splice(0);

  expect(performance.now() - begin).toBeLessThan(9_000);
  receiver.replyWith(() => 204);
  const two = await replica();
  expect(await two.database.query('select failing_since from webhook_endpoint')).toEqual([{ failing_since: null }]);
  await waitFor('the delivery', async () => {
    await retryNow(two.database);
    return receiver.accepted(callSid).length >= 1;
  });
  await waitFor('two attempts', async () => {
    const attempts = await two.database.query<unknown[]>('select status, error from webhook_attempts order by id');
    expect(attempts[0]).toEqual({ status: null, error: 'The process stopped during the attempt.' });
    return attempts.length === 2;
  });
});

/** Deliveries to an endpoint, each with a job that is due tomorrow. */
const BACKLOG = `
insert into webhook_deliveries (endpoint_id, call_sid, change_number, created_at)
select $1, '26010100000000000' || lpad(n::text, 15, '0'), 1, now() - interval '1 day' from generate_series(1, 20000) n`;
const BACKLOG_JOBS = `
insert into graphile_worker._private_jobs (task_id, key, run_at)
select task.id, webhook_job_key(delivery.endpoint_id, delivery.call_sid), now() + interval '1 day'
from webhook_deliveries delivery, graphile_worker._private_tasks task
where delivery.endpoint_id = $1 and task.identifier = 'deliver'`;

it.each(['disabled', 'failing'])(
  'a delivery whose job was lost long ago is found, however many wait for an endpoint that is %s',
  async (how) => {
    const one = await replica();
    const down = await registerEndpoint(one, { url: receiver.url, eventTypes: ['call.over'] });
    const up = await registerEndpoint(one, { url: receiver.url });
    if (how === 'disabled') await one.admin('PATCH', `webhook-endpoints/${down.id}`, { enabled: false });
    const callSid = await openTestCall(one);
    await waitFor('the delivery', () => receiver.accepted(callSid).length === 1);
    await one.database.query(BACKLOG, [down.id]);
    await one.database.query(BACKLOG_JOBS, [down.id]);

    await waitFor('the delivery to be settled, and lost', async () => {
      const [, lost] = await one.database.query<[unknown, number]>(
        `update webhook_deliveries set state = 'pending', settled_at = null, created_at = now() - interval '1 hour'
         where endpoint_id = $1 and state = 'delivered'`,
        [up.id],
      );
      return lost > 0;
    });

    await waitFor('the second delivery', () => receiver.accepted(callSid).length === 2);
  },
);

it('a job of a killed process is recovered by another process within minutes', async () => {
  const one = await replica();
  await registerEndpoint(one, { url: receiver.url });
  receiver.replyWith(() => 500);
  const callSid = await openTestCall(one);
  await waitFor('a failure', async () => {
    const [attempt] = await one.database.query<{ status: number | null }[]>('select status from webhook_attempts');
    return attempt?.status === 500;
  });
  const locked = (ago: string): Promise<unknown> =>
    one.database.query(
      `update graphile_worker._private_jobs set locked_by = 'killed', locked_at = now() - $1::interval, run_at = now()
       where key like 'deliver:%'`,
      [ago],
    );
  const recover = async (): Promise<void> => {
    await one.database.query(`select graphile_worker.add_job('recover', job_key => 'recover')`);
    await waitFor('the recovery', async () => {
      const jobs = await one.database.query<unknown[]>(`select 1 from graphile_worker.jobs where key = 'recover'`);
      return jobs.length === 0;
    });
  };
  receiver.replyWith(() => 204);

  await locked('40 seconds');
  await recover();
  expect(receiver.accepted(callSid)).toEqual([]);
  await locked('70 seconds');
  await recover();
  await retryNow(one.database);

  await waitFor('the delivery', () => receiver.accepted(callSid).length === 1);
});

it('a process whose lock was removed while it runs delivers a change twice, and later changes in order', async () => {
  const one = await replica();
  await registerEndpoint(one, { url: receiver.url });
  let release: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (release = resolve));
  let firsts = 0;
  receiver.replyWith(async ({ change }) => {
    if (change.data.number === 1) {
      if (++firsts === 2) release();
      await both;
    }
    return 204;
  });
  const callSid = await endedTestCall(one);
  await waitFor('an attempt', () => firsts === 1);

  await one.database.query(
    `select graphile_worker.force_unlock_workers(array(select locked_by from graphile_worker.jobs where locked_by is not null))`,
  );
  await retryNow(one.database);

  await waitFor('five deliveries', () => receiver.accepted(callSid).length >= 5);
  expect(numbersAccepted(callSid)).toEqual([1, 1, 2, 3, 4]);
});

it('deliveries continue after the database connections are lost', async () => {
  const one = await replica();
  await registerEndpoint(one, { url: receiver.url });
  const before = await openTestCall(one);
  await waitFor('a delivery', () => receiver.accepted(before).length === 1);
  await one.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name in ('ringback jobs', 'ringback listener')`,
  );

  const callSid = await endedTestCall(one);

  await waitFor(
    'four deliveries',
    async () => {
      await retryNow(one.database);
      return receiver.accepted(callSid).length >= 4;
    },
    20_000,
  );
  expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
});

it('deliveries start after a database outage during the start of the worker', async () => {
  const rename = async (from: string, to: string): Promise<void> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`alter table graphile_worker.${from} rename to ${to}`);
    await client.end();
  };
  await rename('_private_tasks', 'gone');
  const one = await replica();
  await sleep(300);
  await rename('gone', '_private_tasks');
  await registerEndpoint(one, { url: receiver.url });

  const callSid = await openTestCall(one);

  await waitFor('the delivery', () => receiver.accepted(callSid).length === 1);
});
