import { Writable } from 'node:stream';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall, publishStep, endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint, retryNow, type RegisteredEndpoint } from '../support/webhook-endpoint.js';

const lines: string[] = [];
const log = new Writable({
  write(chunk: Buffer, _encoding, done) {
    lines.push(chunk.toString());
    done();
  },
});

let service: TestApp;
let receiver: WebhookReceiver;
let endpoint: RegisteredEndpoint;

beforeAll(async () => {
  service = await startTestApp({
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', LOG_LEVEL: 'info' },
    logTo: log,
  });
});
afterAll(() => service.close());

beforeEach(async () => {
  await service.database.query('delete from webhook_endpoint');
  receiver = await startWebhookReceiver();
  endpoint = await registerEndpoint(service, { url: receiver.url });
});
afterEach(() => receiver.close());

interface ShownEndpoint {
  readonly enabled: boolean;
  readonly failingSince: string | null;
  readonly disabledAt: string | null;
  readonly disabledReason: string | null;
}

const shown = async (): Promise<ShownEndpoint> =>
  (await (await service.admin('GET', `webhook-endpoints/${endpoint.id}`)).json()) as ShownEndpoint;

const untilDisabled = (): Promise<ShownEndpoint> =>
  waitFor('the endpoint to be disabled', async () => {
    await retryNow(service.database);
    const now = await shown();
    return !now.enabled && now;
  });

const enable = async (): Promise<void> => {
  expect((await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { enabled: true })).status).toBe(200);
};

/** Makes the endpoint failing for so many hours, by the database's clock. */
const failingFor = (hours: number): Promise<unknown> =>
  service.database.query(`update webhook_endpoint set failing_since = now() - $2 * interval '1 hour' where id = $1`, [
    endpoint.id,
    hours,
  ]);

const attemptsOf = (callSid: string): Promise<{ n: number }[]> =>
  service.database.query('select change_number as n from webhook_attempts where call_sid = $1 order by id', [callSid]);

const states = async (callSid: string): Promise<string[]> =>
  (
    await service.database.query<{ state: string }[]>(
      'select state from webhook_deliveries where call_sid = $1 order by change_number',
      [callSid],
    )
  ).map(({ state }) => state);

const numbersAccepted = (callSid: string): number[] =>
  receiver.accepted(callSid).map(({ change }) => change.data.number);

const allAccepted = (callSid: string): Promise<unknown> =>
  waitFor('four deliveries', () => receiver.accepted(callSid).length >= 4);

it('an endpoint that answers 410 is disabled at once, with a log line, and its deliveries are kept', async () => {
  receiver.replyWith(() => 410);
  const callSid = await endedTestCall(service);

  const { disabledAt, disabledReason } = await waitFor('a 410', async () => {
    const now = await shown();
    return !now.enabled && now;
  });

  expect(disabledReason).toBe('It answered 410 Gone.');
  expect(new Date(disabledAt!).toISOString()).toBe(disabledAt);
  const notices = lines.filter((line) => line.includes('a webhook endpoint is disabled'));
  expect(notices.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({ level: 40, endpointId: endpoint.id, reason: 'It answered 410 Gone.' }),
  );
  expect(await attemptsOf(callSid)).toEqual([{ n: 1 }]);

  receiver.replyWith(() => 204);
  await enable();
  await allAccepted(callSid);
  expect(numbersAccepted(callSid)).toEqual([1, 2, 3, 4]);
});

it('an endpoint that has accepted nothing for a day is disabled, and shows failingSince until then', async () => {
  receiver.replyWith(() => 500);
  const callSid = await openTestCall(service);
  await waitFor('a failure', async () => (await shown()).failingSince !== null);
  expect((await shown()).enabled).toBe(true);

  await failingFor(23.9);
  await retryNow(service.database);
  await waitFor('another failure', async () => (await attemptsOf(callSid)).length >= 2);
  expect((await shown()).enabled).toBe(true);
  await failingFor(24.1);

  expect((await untilDisabled()).disabledReason).toBe('It has taken nothing for 24 hours.');
  expect(await states(callSid)).toEqual(['pending']);
});

it('one success resets failingSince', async () => {
  receiver.replyWith(({ change }) => (change.data.number === 1 ? 500 : 204));
  const failing = await openTestCall(service);
  await waitFor('a failure', async () => (await shown()).failingSince !== null);
  await failingFor(25);
  receiver.replyWith(({ change }) => (change.data.callSid === failing ? 500 : 204));

  await openTestCall(service);

  await waitFor('a success', async () => (await shown()).failingSince === null);
  expect((await shown()).enabled).toBe(true);
});

it('a disabled endpoint gets no requests, and gets every change in order once it is enabled', async () => {
  await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { enabled: false });
  expect(await shown()).toMatchObject({ enabled: false, disabledReason: 'An administrator disabled it.' });
  const calls = await Promise.all([endedTestCall(service), endedTestCall(service), openTestCall(service)]);
  await waitFor('jobs to find it disabled', async () => {
    const jobs = await service.database.query<unknown[]>(
      `select 1 from graphile_worker.jobs where key like 'deliver:' || $1 || ':%'`,
      [endpoint.id],
    );
    return jobs.length === 0;
  });
  expect(receiver.received).toEqual([]);
  await publishStep(service, calls[2], 2);

  await enable();

  await allAccepted(calls[0]);
  await allAccepted(calls[1]);
  await waitFor('two deliveries', () => receiver.accepted(calls[2]).length === 2);
  expect(calls.map(numbersAccepted)).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [1, 2],
  ]);
  await publishStep(service, calls[2], 3);
  await waitFor('a third', () => receiver.accepted(calls[2]).length === 3);
});

it('a delivery fails after 28 hours of refusals while others are accepted, and the next change is delivered', async () => {
  const failing = await openTestCall(service);
  await waitFor('the first', () => receiver.accepted(failing).length === 1);
  receiver.replyWith(({ id }) => (id === `${failing}-2` ? 422 : 204));
  await publishStep(service, failing, 2);
  await publishStep(service, failing, 3);

  await waitFor('fourteen attempts', async () => {
    await retryNow(service.database);
    return (await states(failing)).join() === 'delivered,failed,delivered';
  });

  const attempts = await attemptsOf(failing);
  expect(attempts.filter(({ n }) => n === 2)).toHaveLength(14);
  expect(await shown()).toMatchObject({ enabled: true, failingSince: null });
  expect(numbersAccepted(failing)).toEqual([1, 3]);
});

it('the back-off grows with each attempt, to more than a day in total', async () => {
  receiver.replyWith(() => 500);
  const callSid = await openTestCall(service);
  const waits: number[] = [];
  for (let attempt = 1; attempt < 14; attempt++) {
    const seconds = await waitFor(`failure ${attempt}`, async () => {
      const [job] = await service.database.query<{ seconds: number }[]>(
        `select extract(epoch from run_at - now())::float8 as seconds from graphile_worker.jobs
         where key = 'deliver:' || $1 || ':' || $2 and attempts = $3 and locked_at is null`,
        [endpoint.id, callSid, attempt],
      );
      return job?.seconds;
    });
    waits.push(seconds);
    // So that the endpoint does not count as failing all this time.
    await failingFor(0);
    await retryNow(service.database);
  }

  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThan(Math.exp(Math.min(index + 1, 10)) - 3);
    expect(wait).toBeLessThan(Math.exp(Math.min(index + 1, 10)) + 3);
  }
  expect(waits.reduce((sum, wait) => sum + wait) / 3600).toBeGreaterThan(24);
});
