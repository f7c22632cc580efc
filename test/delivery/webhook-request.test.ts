import { WebhookRequest, type WebhookToSend } from '../../src/delivery/webhook-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  await receiver.close();
  await service.close();
});

const webhook = (): WebhookToSend => ({
  url: receiver.url,
  secrets: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD0yvEsQjyzMo='],
  id: '16090510160925480001030600243044-1',
  body: '{"type":"call.requested","data":{"callSid":"16090510160925480001030600243044","number":1}}',
});

const NEVER = new AbortController().signal;

it('an attempt that is not answered ends by itself', async () => {
  receiver.replyWith(() => 'silence');

  const answer = await service.app.nest.get(WebhookRequest).send(webhook(), NEVER, 200);

  expect(answer).toMatchObject({ status: null, error: 'It did not answer within 0.2 s.', response: null });
  expect(answer.durationMs).toBeGreaterThanOrEqual(190);
});

it('an attempt to where nobody listens says so', async () => {
  const answer = await service.app.nest.get(WebhookRequest).send({ ...webhook(), url: 'http://127.0.0.1:1/' }, NEVER);

  expect(answer).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED'), response: null });
});

it('an attempt does not end before its answer is known', async () => {
  receiver.replyWith(() => ({ status: 202, body: 'taken' }));

  expect(await service.app.nest.get(WebhookRequest).send(webhook(), NEVER)).toMatchObject({
    status: 202,
    error: null,
    response: 'taken',
  });
});
