/** The secret URLs of a provider without signatures: their answers over HTTP, and that the secret is not logged. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { fetchDocument, operationNamed } from '../api-document/document.js';
import { collectedLog } from '../support/collected-log.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { UNREACHED_SETTINGS, WEBHOOK_TARGET, WEBHOOK_TOKEN } from '../support/yuntongxun-provider.js';
import { asXml } from '../support/yuntongxun-webhook.js';

const ACTIONS = ['', '/CallAuth', '/CallEstablish', '/Hangup'];
const GUESSED = WEBHOOK_TARGET.replace(WEBHOOK_TOKEN, 'a-guess-of-the-same-length..');

let service: TestApp;
let callAuth: string;
const log = collectedLog();

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      ...UNREACHED_SETTINGS,
      LOG_LEVEL: 'trace',
    },
    logTo: log.stream,
  });
  const { callSid: userData } = await storeCall(service.database, { provider: 'yuntongxun' });
  callAuth = asXml({ action: 'CallAuth', type: '1', callSid: '160115094848497400010006000021ed', userData });
});
afterAll(() => service.close());

/** Separates the request id from everything that must be equal. */
const post = async (target: string, body = callAuth) => {
  const response = await fetch(service.url + target, { method: 'POST', body });
  const id = response.headers.get('x-request-id') ?? '';
  // The body is compared without the id, so its length is not compared: the id of a later request may be longer.
  const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
  return { id, status: response.status, headers, body: (await response.text()).replace(id, '') };
};

it.each(ACTIONS)('CallAuth is accepted at the secret URL with %j appended', async (action) => {
  expect(await post(`${WEBHOOK_TARGET}${action}`)).toMatchObject({
    status: 200,
    body: expect.stringContaining('<statuscode>0000</statuscode>'),
  });
});

it('CallAuth of a call that is over is refused, so that no phone rings', async () => {
  const { callSid: userData } = await storeCall(service.database, { provider: 'yuntongxun' });
  await service.app.nest.get(CallRecorder).applyOwn(userData, 'lost', { endReason: 'failed' });
  const body = asXml({ action: 'CallAuth', type: '1', callSid: '160115094848497400010006000021ee', userData });

  const answer = await post(WEBHOOK_TARGET, body);

  expect(answer).toMatchObject({ status: 200, body: expect.stringMatching(/<statuscode>(?!0000<)\d{4}</) });
});

it('CallAuth of a call that another provider carries by now is refused', async () => {
  const { callSid: userData } = await storeCall(service.database, { provider: 'simulator' });
  const body = asXml({ action: 'CallAuth', type: '1', callSid: '160115094848497400010006000021ef', userData });

  expect((await post(WEBHOOK_TARGET, body)).body).toMatch(/<statuscode>(?!0000<)\d{4}</);
});

it('a call whose CallAuth has come meanwhile is not closed as one that was never placed', async () => {
  const { callSid: userData } = await storeCall(service.database, { provider: 'yuntongxun' });
  await post(
    WEBHOOK_TARGET,
    asXml({ action: 'CallAuth', type: '1', callSid: '160115094848497400010006000021f0', userData }),
  );
  const recorder = service.app.nest.get(CallRecorder);

  expect(await recorder.applyOwn(userData, 'lost', { endReason: 'failed' })).toBe('too_late');
  expect(await recorder.stateOf(userData)).toBe(1);
  expect(await recorder.applyOwn(userData, 'lost', { endReason: 'lost' })).toBe('applied');
});

it('a wrong secret always gets the same response, with any appended path and any body', async () => {
  const targets = [...ACTIONS, '/AccountLookup', '/CallAuth/x', '/'].map((more) => `${GUESSED}${more}`);
  // Also with the right secret and an unknown path, because another response would confirm the secret.
  const attempts = [...targets, `${WEBHOOK_TARGET}/AccountLookup`, `${WEBHOOK_TARGET}x/CallAuth`];

  const responses = await Promise.all(attempts.flatMap((target) => [post(target), post(target, 'nonsense')]));

  const [first, ...others] = responses.map((response) => ({ ...response, id: null }));
  expect(first).toMatchObject({ status: 401 });
  for (const other of others) expect(other).toEqual(first);
});

it('each request is logged, without the secret and without a guessed secret', async () => {
  for (const target of [WEBHOOK_TARGET, GUESSED]) {
    const { id } = await post(`${target}/CallAuth`);
    const isIts = (line: Record<string, unknown>): boolean => line.requestId === id && line.msg === 'request';
    const line = await waitFor('the line of the request', () => log.lines().find(isIts));
    expect(line.path).toBe('/v1/webhooks/yuntongxun/*');
  }

  expect(log.text()).not.toContain(WEBHOOK_TOKEN);
  expect(log.text()).not.toContain('a-guess-of');
});

it('the API document describes each of the URLs, and the place of the secret', async () => {
  const { operation } = operationNamed(await fetchDocument(service.url), 'receiveWebhook');

  const description = (operation as { readonly description?: string }).description ?? '';
  expect(description).toContain('`/v1/webhooks/yuntongxun/` followed by `YUNTONGXUN_WEBHOOK_TOKEN`');
  for (const action of ACTIONS.filter((one) => one !== '')) expect(description).toContain(`\`${action}\``);
});
