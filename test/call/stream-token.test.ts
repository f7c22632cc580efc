/** A stream is valid as long as the token that opened it. */
import { issueToken } from '../../src/auth/token-issuer.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { JWT_LEEWAY: '0' } });
});
afterAll(() => service.close());

it('a stream ends within a minute after its token expires, and can be resumed with a new token', async () => {
  const call = await storeCall(service.database);
  const urlWith = (token: string) => `${service.url}/v1/app/callState/${call.callSid}/stream?access_token=${token}`;
  const shortLived = await issueToken(TEST_SECRET, { userId: call.callerId, lifetimeSeconds: 3 });
  const stream = await openStream(urlWith(shortLived));
  await waitFor('the current state', () => stream.events.length === 1);

  await stream.ended;
  await applyEvent(service.database, call.callSid, { type: 'ringing' });
  const refused = await openStream(urlWith(shortLived));
  const resumed = await openStream(urlWith(await service.token(call.callerId)), { 'last-event-id': '1' });
  await waitFor('what was missed', () => resumed.events.length === 1);
  resumed.close();

  expect(refused.response.statusCode).toBe(401);
  expect(stream.events.map(({ id }) => id)).toEqual(['1']);
  expect(resumed.events.map(({ id }) => id)).toEqual(['2']);
});
