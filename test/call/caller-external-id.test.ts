/** A backend that knows only its own ids learns from each change whose call it is. */
import { backend, newPhone } from '../support/backend.js';
import { endCall } from '../support/end-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
  await registerEndpoint(service, { url: receiver.url });
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

let nextId = 910_000;
const created = async (externalId: string | null): Promise<string> => {
  const id = String(nextId++);
  const subAccounts = [{ provider: 'simulator', externalId: id, secret: 'secret of the account' }];
  const user = { id, name: 'Lin', phone: newPhone(), externalId, subAccounts };
  expect((await service.admin('PUT', 'users', { users: [user] })).status).toBe(200);
  return id;
};

const isOver = (callSid: string): boolean =>
  receiver.accepted(callSid).some(({ change }) => change.type === 'call.over');

/** The data of all changes of the call, as webhooks have it. */
const dataOf = async (callSid: string): Promise<Record<string, unknown>[]> => {
  await waitFor('the end', () => isOver(callSid));
  return receiver.accepted(callSid).map(({ change }) => ({ ...change.data }));
};

it('is in each change of a call by a user who has one, exactly, and not that of the callee', async () => {
  const externalId = 'auth0|"李"\\ 5';
  await created(externalId);
  const callee = await created('the callee');

  const { data } = await service.ask(externalId, `call/${callee}`);

  const callSid = data?.callSid ?? '';
  const changes = await dataOf(callSid);
  expect(changes.length).toBeGreaterThan(1);
  expect(changes.map(({ callerExternalId }) => callerExternalId)).toEqual(changes.map(() => externalId));
  expect(JSON.stringify(changes)).not.toContain('the callee');
  const timeline = await service.admin('GET', `calls/${callSid}`);
  const { events } = (await timeline.json()) as {
    events: { change: { data: { callerExternalId?: string } } | null }[];
  };
  const shown = events.flatMap(({ change }) => (change ? [change.data.callerExternalId] : []));
  expect([...new Set(shown)]).toEqual([externalId]);
});

it('is missing if the user has none, or the caller is a phone', async () => {
  const user = await created(null);
  const ofUser = await service.ask(user, 'call/2000');
  const ofPhone = await backend(service).place({ caller: { phone: newPhone() }, callee: { phone: newPhone() } });

  const changes = [...(await dataOf(ofUser.data?.callSid ?? '')), ...(await dataOf(String(ofPhone.body.callSid)))];

  expect(changes.filter((data) => 'callerExternalId' in data)).toEqual([]);
});

it('is that of the time of the change', async () => {
  const user = await created('before');
  const { data } = await service.ask(user, 'call/2000');
  const callSid = data?.callSid ?? '';
  await service.admin('PATCH', 'users/before', { externalId: 'after' });
  await endCall(service, user, callSid);

  const changes = await dataOf(callSid);

  expect([changes[0]?.callerExternalId, changes.at(-1)?.callerExternalId]).toEqual(['before', 'after']);
});
