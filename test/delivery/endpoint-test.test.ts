/** The test of an endpoint: what an administrator sees, and what it leaves unchanged. */
import { Webhook } from 'standardwebhooks';
import { freePort } from '../support/free-port.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { registerEndpoint, type RegisteredEndpoint } from '../support/webhook-endpoint.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestApp;
let receiver: WebhookReceiver;
let endpoint: RegisteredEndpoint;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
});
afterAll(() => service.close());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  endpoint = await registerEndpoint(service, { url: receiver.url, eventTypes: ['call.over'] });
});
afterEach(() => receiver.close());

const test = async (id = endpoint.id): Promise<{ status: number; body: unknown }> => {
  const response = await service.admin('POST', `webhook-endpoints/${id}/test`);
  return { status: response.status, body: await response.json() };
};

const shown = async (): Promise<unknown> => (await service.admin('GET', `webhook-endpoints/${endpoint.id}`)).json();

it('posts one message with a signature of each valid secret, and shows the answer', async () => {
  const rotated = await service.admin('POST', `webhook-endpoints/${endpoint.id}/secret`);
  const { secret } = (await rotated.json()) as { secret: string };
  receiver.replyWith(() => ({ status: 202, body: 'thank you' }));

  const { status, body } = await test();

  expect(status).toBe(200);
  const [message] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect(body).toEqual({
    delivered: true,
    webhookId: message!.id,
    durationMs: expect.any(Number),
    status: 202,
    error: null,
    response: 'thank you',
  });
  const content = { type: 'webhook.test', timestamp: expect.any(String), data: { endpointId: endpoint.id } };
  for (const one of [endpoint.secret, secret]) {
    expect(new Webhook(one).verify(message!.body, message!.headers as Record<string, string>)).toEqual(content);
  }
});

it('shows a refusal, and neither repeats it nor counts it as a failure of the endpoint', async () => {
  receiver.replyWith(() => ({ status: 401, body: 'the signature is wrong' }));
  const before = await shown();

  expect((await test()).body).toMatchObject({
    delivered: false,
    status: 401,
    error: 'It answered 401.',
    response: 'the signature is wrong',
  });
  expect(await shown()).toEqual(before);
  expect(await service.database.query('select from graphile_worker.jobs')).toEqual([]);
});

it('does not disable an endpoint that answers 410, and reaches one that is disabled', async () => {
  receiver.replyWith(() => 410);
  expect((await test()).body).toMatchObject({ delivered: false, status: 410 });
  expect(await shown()).toMatchObject({ enabled: true });

  await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { enabled: false });
  receiver.replyWith(() => 204);
  expect((await test()).body).toMatchObject({ delivered: true, status: 204 });
  expect(await shown()).toMatchObject({ enabled: false });
});

it('shows why there is no answer', async () => {
  const url = `http://127.0.0.1:${await freePort()}/`;
  await service.admin('PATCH', `webhook-endpoints/${endpoint.id}`, { url });

  expect((await test()).body).toMatchObject({
    delivered: false,
    status: null,
    error: expect.stringContaining('ECONNREFUSED'),
    response: null,
  });
});

it('ends with an answer when the process stops before the endpoint has answered', async () => {
  receiver.replyWith(() => 'silence');
  const stopping = await startTestApp({
    databaseUrl: service.config.databaseUrl!,
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
  const asked = stopping.admin('POST', `webhook-endpoints/${endpoint.id}/test`);
  await waitFor('the message at the endpoint', () => receiver.received.length === 1);
  await stopping.close();
  const response = await asked;

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    delivered: false,
    status: null,
    error: 'The process stopped during the attempt.',
  });
  const [{ after }] = await service.database.query<[{ after: unknown }]>(
    'select after from audit_entry where target = $1 order by id desc limit 1',
    [`webhook-endpoint:${endpoint.id}`],
  );
  expect(after).toEqual({ outcome: 'no_answer' });
});

it('checks the address as a delivery does', async () => {
  const strict = await startTestApp({ databaseUrl: service.config.databaseUrl! });
  try {
    const response = await strict.admin('POST', `webhook-endpoints/${endpoint.id}/test`);

    expect(await response.json()).toMatchObject({ delivered: false, error: expect.stringContaining('loopback') });
    expect(receiver.received).toEqual([]);
  } finally {
    await strict.close();
  }
});

it.each(['999999', 'x'])('is 404 for the endpoint %s', async (id) => {
  expect(await test(id)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
});
