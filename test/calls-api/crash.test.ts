/** kill -9 of the replica that has dialed: the same request, sent to another replica, returns the same call. */
import { backend, newPhone } from '../support/backend.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, TEST_KEYS, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, startService } from '../start/service.js';

let database: TestDatabase;
let carrier: RemoteCarrier;
let survivor: TestApp;
let environment: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startRemoteCarrier({ speed: 5 });
  environment = {
    SIMULATOR_URL: `http://127.0.0.1:${carrier.port}`,
    SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
    // The dial must be in flight when the process is killed.
    DIAL_TIMEOUT: '30',
  };
  survivor = await startTestApp({ databaseUrl: database.url, environment });
});
afterAll(async () => {
  await endAllServices();
  await survivor.close();
  await carrier.close();
  await database.drop();
});

it('a repeated request after a crash during the dial returns the call, and does not dial again', async () => {
  const killed = await startService({
    environment: { ...environment, DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS },
  });
  const callee = newPhone('08');
  const body = { caller: { phone: newPhone() }, callee: { phone: callee }, metadata: { ticket: '1' } };
  const dialled = async () => (await carrier.callLog()).filter(({ calleePhone }) => calleePhone === callee);

  const lost = backend({ url: killed.url, token: survivor.token })
    .place(body, 'one')
    .catch((error: unknown) => error);
  await waitFor('the dial', async () => (await dialled()).length > 0);
  await killed.kill();
  const meanwhile = await backend(survivor).place(body, 'one');
  // No webhook of the events until now was delivered.
  carrier.targets.push(`${survivor.url}/v1/webhooks/simulator`);
  const answer = await waitFor('the outcome of the dial', async () => {
    const again = await backend(survivor).place(body, 'one');
    return again.status === 201 && again;
  });
  const other = await backend(survivor).place({ ...body, metadata: {} }, 'one');

  expect(await lost).toBeInstanceOf(Error);
  expect([201, 409]).toContain(meanwhile.status);
  expect(answer.headers.get('idempotent-replayed')).toBe('true');
  const entries = await dialled();
  expect(entries).toMatchObject([{ callSid: answer.body.callSid, dials: 1 }]);
  expect(answer.body).toMatchObject({ metadata: { ticket: '1' } });
  expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
});
