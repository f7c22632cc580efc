/** The client's check of a webhook against the signatures of a library that nobody here wrote. */
import { Webhook } from 'standardwebhooks';

interface Module {
  verifyWebhook(headers: object, body: unknown, secrets: string | string[], options?: object): Promise<unknown>;
}
/** A `string`, so that the compiler does not resolve it: the client's types are generated when it is packed. */
const SOURCE: string = '../../client/src/webhooks.js';

const SECRET = `whsec_${Buffer.alloc(24, 'a').toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 'b').toString('base64')}`;
const EVENT = { type: 'call.over', data: { callSid: '1'.repeat(32), metadata: { ticket: '张三' } } };
const BODY = JSON.stringify(EVENT);

let verifyWebhook: Module['verifyWebhook'];

beforeAll(async () => {
  ({ verifyWebhook } = (await import(SOURCE)) as Module);
});

const signed = (secret = SECRET, at = new Date(), body = BODY) => ({
  'webhook-id': 'message-1',
  'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  'webhook-signature': new Webhook(secret).sign('message-1', at, body),
});

const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1_000);

it.each([
  ['text', BODY, signed()],
  ['bytes', Buffer.from(BODY), signed()],
  ['the headers of fetch', BODY, new Headers(signed())],
])('accepts %s', async (_, body, headers) => {
  expect(await verifyWebhook(headers, body, SECRET)).toEqual(EVENT);
});

it('accepts one of several secrets, and one of several signatures', async () => {
  expect(await verifyWebhook(signed(OTHER), BODY, [SECRET, OTHER])).toEqual(EVENT);
  const signatures = ['v1a,AAAA', 'v1,not base64', signed(OTHER)['webhook-signature'], signed()['webhook-signature']];
  expect(await verifyWebhook({ ...signed(), 'webhook-signature': signatures.join(' ') }, BODY, SECRET)).toEqual(EVENT);
});

it.each([
  ['another secret', signed(OTHER), BODY],
  ['another body', signed(), BODY.replace('over', 'overs')],
  ['another id', { ...signed(), 'webhook-id': 'message-2' }, BODY],
  [
    'a time that was not signed',
    { ...signed(), 'webhook-timestamp': signed(SECRET, secondsAgo(9))['webhook-timestamp'] },
    BODY,
  ],
  ['no signature', { ...signed(), 'webhook-signature': '' }, BODY],
  ['an empty signature', { ...signed(), 'webhook-signature': 'v1,' }, BODY],
  ['a time in the past', signed(SECRET, secondsAgo(310)), BODY],
  ['a time in the future', signed(SECRET, secondsAgo(-310)), BODY],
  ['no time', { ...signed(), 'webhook-timestamp': 'now' }, BODY],
  ['a header that came twice', { ...signed(), 'webhook-id': ['message-1', 'message-1'] }, BODY],
])('refuses %s', async (_, headers, body) => {
  await expect(verifyWebhook(headers, body, SECRET)).rejects.toMatchObject({ name: 'WebhookError' });
});

it('takes an older request if it is told to', async () => {
  expect(await verifyWebhook(signed(SECRET, secondsAgo(310)), BODY, SECRET, { toleranceSeconds: 600 })).toEqual(EVENT);
});

it('refuses an old request if the tolerance is no number, as of a setting that is missing', async () => {
  const verifying = verifyWebhook(signed(SECRET, secondsAgo(310)), BODY, SECRET, { toleranceSeconds: NaN });
  await expect(verifying).rejects.toMatchObject({ name: 'WebhookError' });
});

it('explains a body that was parsed, and a secret that is none', async () => {
  await expect(verifyWebhook(signed(), EVENT, SECRET)).rejects.toThrow('before it is parsed');
  await expect(verifyWebhook(signed(), BODY, 'whsec_')).rejects.toThrow('whsec_ and base64');
  await expect(verifyWebhook(signed(), BODY, 'whsec_%')).rejects.toThrow(TypeError);
});
