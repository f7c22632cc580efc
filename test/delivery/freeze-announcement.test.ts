import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint, retryNow, type RegisteredEndpoint } from '../support/webhook-endpoint.js';

const log = collectedLog();

let service: TestApp;
let receiver: WebhookReceiver;
let endpoint: RegisteredEndpoint;

beforeAll(async () => {
  service = await startTestApp({
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', LOG_LEVEL: 'info' },
    logTo: log.stream,
  });
});
afterAll(() => service.close());

beforeEach(async () => {
  await service.database.query('delete from webhook_endpoint');
  receiver = await startWebhookReceiver();
  endpoint = await registerEndpoint(service, { url: receiver.url, eventTypes: ['protection.frozen'] });
});
afterEach(async () => {
  await service.database.query('update call_freeze set lifted_at = now() where lifted_at is null');
  await receiver.close();
});

const freeze = async (): Promise<void> => {
  expect((await service.admin('POST', 'freezes', { kind: 'country', subject: 'GB' })).status).toBe(201);
};

interface ShownEndpoint {
  readonly enabled: boolean;
  readonly failingSince: string | null;
  readonly disabledReason: string | null;
}

const shown = async (): Promise<ShownEndpoint> =>
  (await (await service.admin('GET', `webhook-endpoints/${endpoint.id}`)).json()) as ShownEndpoint;

interface Job {
  readonly delay: number;
}

const jobs = (): Promise<Job[]> =>
  service.database.query<Job[]>(
    `select extract(epoch from run_at - now())::float8 as delay from graphile_worker.jobs
     where key like 'freeze:%:' || $1::text`,
    [endpoint.id],
  );

const failedJob = (): Promise<Job> =>
  waitFor('the failed job', async () => {
    const [job] = await service.database.query<Job[]>(
      `select extract(epoch from run_at - now())::float8 as delay from graphile_worker.jobs
       where key like 'freeze:%:' || $1::text and locked_at is null and last_error is not null`,
      [endpoint.id],
    );
    return job ?? false;
  });

const warnings = (): Record<string, unknown>[] =>
  log.lines().filter(({ level, endpointId }) => level === 40 && endpointId === endpoint.id);

it('waits for as long as the Retry-After of the endpoint says', async () => {
  receiver.replyWith(() => ({ status: 429, headers: { 'retry-after': '60' } }));

  await freeze();

  const { delay } = await failedJob();
  expect(delay).toBeGreaterThan(30);
  expect(delay).toBeLessThanOrEqual(60);
});

it('makes an endpoint failing that refuses it, with a warning, until the endpoint takes it', async () => {
  receiver.replyWith(() => 500);

  await freeze();

  await failedJob();
  expect((await shown()).failingSince).not.toBeNull();
  expect(warnings()).toEqual([
    expect.objectContaining({
      msg: 'a webhook endpoint fails; deliveries to it are retried',
      status: 500,
      error: 'It answered 500.',
    }),
  ]);
  receiver.replyWith(() => 204);
  await waitFor('the end of the failure', async () => {
    await retryNow(service.database);
    return (await shown()).failingSince === null;
  });
  expect(await shown()).toMatchObject({ enabled: true });
});

it('disables an endpoint that answers 410', async () => {
  receiver.replyWith(() => 410);

  await freeze();

  await waitFor('a 410', async () => !(await shown()).enabled);
  expect((await shown()).disabledReason).toBe('It answered 410 Gone.');
  await waitFor('the end of the job', async () => (await jobs()).length === 0);
  expect(receiver.received).toHaveLength(1);
});

it('is given up after its twelfth attempt, with a warning, and the endpoint counts as failing no more', async () => {
  receiver.replyWith(() => 500);
  await freeze();
  await failedJob();
  await service.database.query('update graphile_worker._private_jobs set attempts = 11 where locked_at is null');

  await retryNow(service.database);

  await waitFor('the end of the job', async () => (await jobs()).length === 0);
  expect(receiver.received).toHaveLength(2);
  expect(await shown()).toMatchObject({ enabled: true, failingSince: null });
  expect(warnings().at(-1)).toMatchObject({
    msg: 'an endpoint was not told of a freeze',
    freezeId: expect.any(String),
  });
});
