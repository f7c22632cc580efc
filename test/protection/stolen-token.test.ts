/** The third example of docs/protection.md: somebody has stolen a user's token. All limits and rules have their defaults. */
import { newPhone } from '../support/backend.js';
import { startTestApp, type Envelope, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/** A call to such a number goes on until it is canceled. */
const TALKS_ON = '13';
const VICTIM = '70001';
/** Users whom the thief calls. */
const CALLEES = Array.from({ length: 30 }, (_, n) => String(70_100 + n));
const ABROAD = ['70201', '70202', '70203'];

const DEFAULTS = Object.fromEntries(Object.keys(WITHOUT_LIMITS).map((name) => [name, '']));

let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      ...DEFAULTS,
      SIMULATOR_SHARES_ACCOUNT: 'true',
      SIMULATOR_SPEED: '20',
      SWEEP_EVERY: '1',
      WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
    },
  });
  receiver = await startWebhookReceiver();
  await registerEndpoint(service, { url: receiver.url, eventTypes: ['protection.frozen'] });
  const users = [
    ...[VICTIM, ...CALLEES].map((id) => ({ id, name: id, phone: newPhone(TALKS_ON) })),
    { id: ABROAD[0], name: 'London', phone: '+442079460000' },
    { id: ABROAD[1], name: 'Cuba', phone: '+5378300000' },
    { id: ABROAD[2], name: 'Iridium', phone: '+881623456789' },
  ];
  expect((await service.admin('PUT', 'users', { users })).status).toBe(200);
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const ask = async (path: string) => {
  const response = await fetch(`${service.url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await service.token(VICTIM)}` },
  });
  return { status: response.status, body: (await response.json()) as Envelope };
};

it('can ring a few people at home, is frozen within seconds, and is found by the administrator', async () => {
  // 1. Numbers abroad are not rung at all.
  for (const id of ABROAD) expect(await ask(`call/${id}`)).toMatchObject({ body: { returnCode: 400 } });

  // 2. Six calls a minute are placed, and no more.
  const answers = [];
  for (const id of CALLEES) {
    const answer = await ask(`call/${id}`);
    answers.push(answer);
    const { callSid } = answer.body.data ?? {};
    if (callSid !== undefined) await ask(`callCancel/${callSid}`);
  }
  expect(answers.slice(0, 6).map(({ body }) => body.returnCode)).toEqual(Array(6).fill(200));
  expect(new Set(answers.slice(6).map(({ status }) => status))).toEqual(new Set([429]));

  // 3. The thief goes on, and a rule freezes the user.
  const frozen = await waitFor('the freeze', async () => {
    const more = await Promise.all(CALLEES.slice(0, 20).map((id) => ask(`call/${id}`)));
    return more.find(({ status }) => status === 403);
  });
  expect(frozen.body).toEqual({ returnCode: 403, returnMsg: '呼叫功能已停用,请联系管理员!' });

  // 4. The backend is told.
  const told = await waitFor('the webhook', () => receiver.received[0]);
  expect(JSON.parse(told.body)).toMatchObject({
    type: 'protection.frozen',
    data: { kind: 'user', subject: VICTIM, frozenBy: 'rule refusals' },
  });

  // 5. The administrator sees what was tried, blocks the user until the token has expired, and lifts the freeze.
  const faults = await waitFor('the refusals', async () => {
    const page = await (await service.admin('GET', `refusals?userId=${VICTIM}&limit=200`)).json();
    const found = new Set((page as { items: { fault: string }[] }).items.map(({ fault }) => fault));
    return found.has('frozen') && found;
  });
  expect(faults).toEqual(new Set(['callee_not_allowed', 'caller_calls_too_often', 'frozen']));
  const { items } = (await (await service.admin('GET', 'freezes')).json()) as { items: { id: string }[] };
  expect((await service.admin('PATCH', `users/${VICTIM}`, { blocked: true })).status).toBe(200);
  expect((await service.admin('DELETE', `freezes/${items[0]!.id}`)).status).toBe(204);
  expect(await ask(`call/${CALLEES[0]!}`)).toMatchObject({ status: 403, body: { returnCode: 403 } });
  const calls = (await (await service.admin('GET', `calls?userId=${VICTIM}`)).json()) as { items: unknown[] };
  expect(calls.items).toHaveLength(6);
});
