/** The addresses of a provider that signs nothing: what each is answered with over HTTP, and that its secret is not logged. */
import { fetchDocument, operationNamed } from '../api-document/document.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { UNREACHED_SETTINGS, WEBHOOK_TARGET, WEBHOOK_TOKEN } from '../support/yuntongxun-provider.js';
import { asXml } from '../support/yuntongxun-webhook.js';

const ACTIONS = ['', '/CallAuth', '/CallEstablish', '/Hangup'];
const GUESSED = WEBHOOK_TARGET.replace(WEBHOOK_TOKEN, 'a-guess-of-the-same-length..');
const CALL_AUTH = asXml({
  ...{ action: 'CallAuth', type: '1', callSid: '160115094848497400010006000021ed' },
  userData: '26013108000050012345678901234567',
});

let service: TestApp;
const log = collectedLog();

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      ...UNREACHED_SETTINGS,
      LOG_LEVEL: 'trace',
    },
    logTo: log.stream,
  });
});
afterAll(() => service.close());

/** The id of the request apart from all that has to be alike. */
const post = async (target: string, body = CALL_AUTH) => {
  const response = await fetch(service.url + target, { method: 'POST', body });
  const id = response.headers.get('x-request-id') ?? '';
  // The length is the body's, which is compared without the id: that of a later request may be longer.
  const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
  return { id, status: response.status, headers, body: (await response.text()).replace(id, '') };
};

it.each(ACTIONS)('CallAuth is answered by a yes at the address with %j behind it', async (action) => {
  expect(await post(`${WEBHOOK_TARGET}${action}`)).toMatchObject({
    status: 200,
    body: expect.stringContaining('<statuscode>0000</statuscode>'),
  });
});

it('a wrong secret gets one and the same response, whatever is behind it and in the body', async () => {
  const targets = [...ACTIONS, '/AccountLookup', '/CallAuth/x', '/'].map((more) => `${GUESSED}${more}`);
  // With the right secret and more than an action behind it, too: it would be confirmed.
  const attempts = [...targets, `${WEBHOOK_TARGET}/AccountLookup`, `${WEBHOOK_TARGET}x/CallAuth`];

  const responses = await Promise.all(attempts.flatMap((target) => [post(target), post(target, 'nonsense')]));

  const [first, ...others] = responses.map((response) => ({ ...response, id: null }));
  expect(first).toMatchObject({ status: 401 });
  for (const other of others) expect(other).toEqual(first);
});

it('neither the secret nor a guess is in the log, which tells of each request all the same', async () => {
  for (const target of [WEBHOOK_TARGET, GUESSED]) {
    const { id } = await post(`${target}/CallAuth`);
    const isIts = (line: Record<string, unknown>): boolean => line.requestId === id && line.msg === 'request';
    const line = await waitFor('the line of the request', () => log.lines().find(isIts));
    expect(line.path).toBe('/v1/webhooks/yuntongxun/*');
  }

  expect(log.text()).not.toContain(WEBHOOK_TOKEN);
  expect(log.text()).not.toContain('a-guess-of');
});

it('the API document declares each of the addresses, and where the secret stands', async () => {
  const { operation } = operationNamed(await fetchDocument(service.url), 'receiveWebhook');

  const description = (operation as { readonly description?: string }).description ?? '';
  expect(description).toContain('`/v1/webhooks/yuntongxun/` followed by `YUNTONGXUN_WEBHOOK_TOKEN`');
  for (const action of ACTIONS.filter((one) => one !== '')) expect(description).toContain(`\`${action}\``);
});
