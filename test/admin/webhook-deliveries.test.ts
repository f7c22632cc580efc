import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall, endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestApp;
let receiver: WebhookReceiver;
let endpointId: string;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
});
afterAll(() => service.close());
beforeEach(async () => {
  await service.database.query('delete from webhook_endpoint');
  receiver = await startWebhookReceiver();
  endpointId = (await registerEndpoint(service, { url: receiver.url })).id;
});
afterEach(() => receiver.close());

interface Attempt {
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly response: string | null;
}

interface Delivery {
  readonly id: string;
  readonly number: number;
  readonly state: string;
  readonly createdAt: string;
  readonly settledAt: string | null;
  readonly attempts: readonly Attempt[];
}

interface Page {
  readonly items: readonly Delivery[];
  readonly next: string | null;
}

const list = async (query = ''): Promise<Page> => {
  const response = await service.admin('GET', `webhook-endpoints/${endpointId}/deliveries${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
};

const redeliver = (body: object): Promise<Response> =>
  service.admin('POST', `webhook-endpoints/${endpointId}/redeliver`, body);

const delivered = (callSid: string, count = 4): Promise<Page> =>
  waitFor(`${count} deliveries`, async () => {
    const page = await list(`?state=delivered&callSid=${callSid}`);
    return page.items.length === count && page;
  });

it('shows for each delivery its times and every attempt', async () => {
  receiver.replyWith(() => ({ status: 503, body: 'overloaded\u0000' }));
  const callSid = await openTestCall(service);
  await waitFor('a failure', async () => (await list()).items[0]?.attempts[0]?.status === 503);
  receiver.replyWith(() => 204);
  await waitFor('another attempt', async () => {
    await retryNow(service.database);
    return receiver.accepted(callSid).length === 1;
  });

  const { items } = await delivered(callSid, 1);

  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(items).toEqual([
    {
      id: `${callSid}-1`,
      callSid,
      number: 1,
      type: 'call.requested',
      state: 'delivered',
      createdAt: time,
      settledAt: time,
      attempts: [
        {
          startedAt: time,
          durationMs: expect.any(Number),
          status: 503,
          error: 'It answered 503.',
          response: 'overloaded',
        },
        { startedAt: time, durationMs: expect.any(Number), status: 204, error: null, response: '' },
      ],
    },
  ]);
});

it('lists the latest first, page by page, by state and by call', async () => {
  const first = await endedTestCall(service);
  await delivered(first);
  receiver.replyWith(() => 500);
  const second = await endedTestCall(service);

  const seen: string[] = [];
  let next: string | null = null;
  do {
    const page = await list(`?limit=3${next ? `&after=${next}` : ''}`);
    seen.push(...page.items.map(({ id }) => id));
    next = page.next;
  } while (next);

  const latestFirst = (callSid: string): string[] => [4, 3, 2, 1].map((number) => `${callSid}-${number}`);
  expect(seen).toEqual([...latestFirst(second), ...latestFirst(first)]);
  const ids = async (query: string): Promise<string[]> => (await list(query)).items.map(({ id }) => id);
  expect(await ids('?state=pending')).toEqual(latestFirst(second));
  expect(await ids('?state=delivered')).toEqual(latestFirst(first));
  expect(await ids('?state=failed')).toEqual([]);
  expect(await ids(`?callSid=${first}`)).toEqual(latestFirst(first));
  expect(await ids(`?callSid=${first}&state=pending`)).toEqual([]);
});

it('redelivers a single change of a call, with the same id', async () => {
  const callSid = await endedTestCall(service);
  await delivered(callSid);

  const response = await redeliver({ callSid, number: 2 });

  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({ deliveries: 1 });
  await waitFor('a fifth', () => receiver.accepted(callSid).length === 5);
  const [again, before] = [receiver.accepted(callSid)[4], receiver.accepted(callSid)[1]];
  expect([again?.id, again?.body]).toEqual([before?.id, before?.body]);
  const { items } = await delivered(callSid);
  expect(items.find(({ number }) => number === 2)?.attempts).toHaveLength(2);
});

it('redelivers all changes of a call, in their order', async () => {
  const callSid = await endedTestCall(service);
  await delivered(callSid);

  expect(await (await redeliver({ callSid })).json()).toEqual({ deliveries: 4 });

  await waitFor('eight', () => receiver.accepted(callSid).length === 8);
  expect(receiver.accepted(callSid).map(({ change }) => change.data.number)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  expect(receiver.mostConcurrent).toBe(1);
});

it('redelivers a delivery that waits for a retry at once', async () => {
  receiver.replyWith(() => 500);
  const callSid = await openTestCall(service);
  await waitFor('a failure', async () => (await list()).items[0]?.attempts[0]?.status === 500);
  await service.database.query(
    `update graphile_worker._private_jobs set run_at = now() + interval '5 hours', attempts = 9 where key like 'deliver:%'`,
  );
  receiver.replyWith(() => 204);

  expect((await redeliver({ callSid, number: 1 })).status).toBe(202);

  await waitFor('the delivery', () => receiver.accepted(callSid).length === 1);
});

it.each([
  ['a call without a delivery to the endpoint', { callSid: '1'.repeat(32) }],
  ['a change that does not exist', { number: 5 }],
])('answers 404 for %s', async (_, fields) => {
  const callSid = await endedTestCall(service);
  await delivered(callSid);

  const response = await redeliver({ callSid, ...fields });

  expect(response.status).toBe(404);
  expect((await delivered(callSid)).items).toHaveLength(4);
});

it.each([
  [{}, '/callSid'],
  [{ callSid: '1' }, '/callSid'],
  [{ callSid: '1'.repeat(32), number: 0 }, '/number'],
  [{ callSid: '1'.repeat(32), number: '2' }, '/number'],
  [{ callSid: '1'.repeat(32), number: null }, '/number'],
  [{ callSid: '1'.repeat(32), all: true }, '/all'],
])('refuses to redeliver %j', async (body, where) => {
  const response = await redeliver(body);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where }] });
});

it.each([
  ['state=lost', '/state'],
  ['callSid=1', '/callSid'],
  ['after=1', 'after'],
  [`after=${'1'.repeat(32)}-`, 'after'],
  [`after=${'1'.repeat(32)}-99999999999`, 'after'],
  ['limit=0', '/limit'],
  ['number=1', '/number'],
])('refuses to list with %s', async (query, where) => {
  const response = await service.admin('GET', `webhook-endpoints/${endpointId}/deliveries?${query}`);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where }] });
});
