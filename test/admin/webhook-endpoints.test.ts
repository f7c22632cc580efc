import { Webhook } from 'standardwebhooks';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'backend.example.com': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'inside.example.com': ['10.0.0.5'],
  'half-inside.example.com': ['93.184.215.14', '192.168.0.1'],
  'allowed.example.com': ['127.0.0.1'],
  'metadata.google.internal': ['169.254.169.254'],
  'wire-server.example.com': ['93.184.215.14', '168.63.129.16'],
  'xn--bcher-kva.example.com': ['93.184.215.14'],
};

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.1/32' } });
  Object.assign(service.app.nest.get(NameResolver), {
    addressesOf: async (name: string) => {
      if (!NAMES[name]) throw new Error(`ENOTFOUND ${name}`);
      return NAMES[name];
    },
  });
});
beforeEach(() => service.database.query('truncate webhook_endpoint restart identity'));
afterAll(() => service.close());

const GOOD_URL = 'https://backend.example.com/ringback';

interface Endpoint {
  readonly id: string;
  readonly secret: string;
  readonly createdAt: string;
}

const created = async (fields: object = {}): Promise<Endpoint> => {
  const response = await service.admin('POST', 'webhook-endpoints', { url: GOOD_URL, ...fields });
  expect(response.status).toBe(201);
  return (await response.json()) as Endpoint;
};

const reply = async (method: string, path: string, body?: unknown): Promise<unknown> =>
  (await service.admin(method, `webhook-endpoints${path}`, body)).json();

it('is registered, read, changed and removed, and its secret is shown once', async () => {
  const creation = await service.admin('POST', 'webhook-endpoints', { url: GOOD_URL });

  expect(creation.status).toBe(201);
  expect(creation.headers.get('location')).toBe('/v1/admin/webhook-endpoints/1');
  const { secret, ...endpoint } = (await creation.json()) as Endpoint;
  expect(endpoint).toEqual({
    id: '1',
    url: GOOD_URL,
    eventTypes: null,
    enabled: true,
    createdAt: new Date(endpoint.createdAt).toISOString(),
    failingSince: null,
    disabledAt: null,
    disabledReason: null,
  });
  expect(Buffer.from(/^whsec_(.*)$/.exec(secret)?.[1] ?? '', 'base64')).toHaveLength(32);

  expect(await reply('GET', '/1')).toEqual(endpoint);
  expect(await reply('GET', '')).toEqual({ items: [endpoint], next: null });
  const changed = { ...endpoint, eventTypes: ['call.over'], url: 'https://backend.example.com:8443/else?a=b' };
  expect(await reply('PATCH', '/1', { eventTypes: changed.eventTypes, url: changed.url })).toEqual(changed);
  expect(await reply('PATCH', '/1', {})).toEqual(changed);
  expect(await reply('PATCH', '/1', { eventTypes: null })).toEqual({ ...changed, eventTypes: null });
  expect((await service.admin('DELETE', 'webhook-endpoints/1')).status).toBe(204);
  expect((await service.admin('GET', 'webhook-endpoints/1')).status).toBe(404);
});

it('is disabled and enabled', async () => {
  await created();

  const disabled = (await reply('PATCH', '/1', { enabled: false })) as { disabledAt: string };
  expect(disabled).toMatchObject({ enabled: false, disabledReason: 'An administrator disabled it.' });
  expect(await reply('PATCH', '/1', { enabled: false })).toEqual(disabled);
  expect(await reply('PATCH', '/1', { eventTypes: ['call.over'] })).toMatchObject({ enabled: false });

  expect(await reply('PATCH', '/1', { enabled: true })).toMatchObject({
    enabled: true,
    disabledAt: null,
    disabledReason: null,
  });
});

it('is listed by id, page by page', async () => {
  for (let count = 0; count < 5; count++) await created();

  const seen: string[] = [];
  let next: string | null = null;
  do {
    const page = (await reply('GET', `?limit=2${next ? `&after=${next}` : ''}`)) as {
      items: { id: string }[];
      next: string | null;
    };
    seen.push(...page.items.map(({ id }) => id));
    next = page.next;
  } while (next);

  expect(seen).toEqual(['1', '2', '3', '4', '5']);
});

it('gets a new secret, and deliveries are signed with both secrets for a day', async () => {
  const receiver = await startWebhookReceiver();
  const { id, secret } = await created({ url: receiver.url });
  const rotation = await service.admin('POST', `webhook-endpoints/${id}/secret`);
  expect(rotation.status).toBe(200);
  const next = (await rotation.json()) as { secret: string; previousSecretUntil: string };
  expect(next.secret).not.toBe(secret);
  expect(Date.parse(next.previousSecretUntil) - Date.now()).toBeGreaterThan(23.9 * 3_600_000);
  const verify = (key: string, index: number) => {
    const { headers, body } = receiver.received[index]!;
    return new Webhook(key).verify(body, headers as Record<string, string>);
  };

  await openTestCall(service);
  await waitFor('a delivery', () => receiver.received.length === 1);
  expect(String(receiver.received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2);
  verify(secret, 0);
  verify(next.secret, 0);

  await service.database.query(`update webhook_endpoint set previous_secret_until = now() - interval '1 second'`);
  await openTestCall(service);
  await waitFor('another delivery', () => receiver.received.length === 2);
  verify(next.secret, 1);
  expect(() => verify(secret, 1)).toThrow();
  await receiver.close();
});

it.each([
  ['a text that is not a URL', 'backend', /must be a URL/],
  ['an ftp URL', 'ftp://backend.example.com/', /must begin with https/],
  ['a script', 'javascript:alert(1)', /must begin with https/],
  ['a name and a password', 'https://user:secret@backend.example.com/', /must not hold a user name or password/],
  ['a fragment', 'https://backend.example.com/#there', /must not hold a fragment/],
  ['the port of mail', 'https://backend.example.com:25/', /must have the port/],
  ['too long', `https://backend.example.com/${'a'.repeat(2_000)}`, /2000 characters/],
  ['a name that cannot be resolved', 'https://nowhere.example.com/', /nowhere\.example\.com cannot be resolved/],
  [
    'plain http to a public address',
    'http://backend.example.com/',
    /http is not safe; use https, or have the operator/,
  ],
  [
    'plain http to a private address',
    'http://inside.example.com/',
    /10\.0\.0\.5 is not a public address \(private\); have the operator/,
  ],
  [
    'a name with a private address',
    'https://inside.example.com/',
    /10\.0\.0\.5 is not a public address \(private\); have the operator/,
  ],
  ['a name with a public and a private address', 'https://half-inside.example.com/', /192\.168\.0\.1/],
  ['loopback', 'https://127.0.0.2/', /127\.0\.0\.2 is not a public address \(loopback\)/],
  ['loopback as a number', 'https://2130706434/', /127\.0\.0\.2/],
  ['loopback in octal', 'https://0177.0.0.2/', /127\.0\.0\.2/],
  ['loopback in hex', 'https://0x7f.2/', /127\.0\.0\.2/],
  ['loopback in full width', 'https://１２７.0.0.2/', /127\.0\.0\.2/],
  ['loopback of IPv6', 'https://[::1]/', /::1 is not a public address \(loopback\)/],
  ['mapped loopback', 'https://[::ffff:127.0.0.2]/', /::ffff:7f00:2 is not a public address \(loopback\)/],
  ['cloud metadata', 'http://169.254.169.254/latest/meta-data', /linkLocal/],
  ['cloud metadata by name', 'https://metadata.google.internal/computeMetadata/v1/', /linkLocal/],
  ['Azure’s wire server', 'https://168.63.129.16/', /168\.63\.129\.16 is not a public address \(cloudPlatform\)/],
  ['Azure’s wire server as a number', 'https://2822734096/', /168\.63\.129\.16/],
  ['Azure’s wire server by name', 'https://wire-server.example.com/', /168\.63\.129\.16/],
  ['this host', 'https://0.0.0.0/', /unspecified/],
  [
    'too long once it is encoded',
    `https://backend.example.com/${'é'.repeat(400)}`,
    /2000 characters at most, percent-enc/,
  ],
])('is refused with %s as its URL, created or changed', async (_, url, what) => {
  await created();

  const responses = [
    await service.admin('POST', 'webhook-endpoints', { url }),
    await service.admin('PATCH', 'webhook-endpoints/1', { url }),
  ];

  for (const response of responses) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'BAD_REQUEST',
      errors: [{ where: '/url', what: expect.stringMatching(what) }],
    });
  }
  expect(await service.database.query('select url from webhook_endpoint')).toEqual([{ url: GOOD_URL }]);
});

it.each([
  ['HTTPS://Backend.Example.COM:443/a/../b/./c?Q=1', 'https://backend.example.com/b/c?Q=1'],
  ['https://backend.example.com', 'https://backend.example.com/'],
  ['https:\\\\backend.example.com\\a', 'https://backend.example.com/a'],
  ['https://bücher.example.com/é', 'https://xn--bcher-kva.example.com/%C3%A9'],
  ['https://backend.example.com/%7Ea%2e%2e/%2e%2e/b', 'https://backend.example.com/b'],
  ['http://allowed.example.com:80/', 'http://allowed.example.com/'],
  ['http://0x7f.1:8080/', 'http://127.0.0.1:8080/'],
])('keeps %j in its normalized form, created or changed', async (url, normalized) => {
  expect(await created({ url })).toMatchObject({ url: normalized });
  await created();
  expect(await reply('PATCH', '/2', { url })).toMatchObject({ url: normalized });

  expect(await service.database.query('select url from webhook_endpoint')).toEqual([
    { url: normalized },
    { url: normalized },
  ]);
});

it('may use http when the operator allows the address range', async () => {
  await created({ url: 'http://allowed.example.com:8080/hook' });
  await created({ url: 'http://127.0.0.1:8080/hook' });
});

it.each([
  [{ url: null }, '/url'],
  [{ url: 5 }, '/url'],
  [{ url: '' }, '/url'],
  [{ eventTypes: [] }, '/eventTypes'],
  [{ eventTypes: 'call.over' }, '/eventTypes'],
  [{ eventTypes: ['call.lost'] }, '/eventTypes'],
  [{ eventTypes: ['call.over', 'call.over'] }, '/eventTypes'],
  [{ eventTypes: [null] }, '/eventTypes'],
  [{ secret: 'whsec_mine' }, '/secret'],
])('is refused with %j, created or changed', async (fields, where) => {
  await created();

  const responses = [
    await service.admin('POST', 'webhook-endpoints', { url: GOOD_URL, ...fields }),
    await service.admin('PATCH', 'webhook-endpoints/1', fields),
  ];

  for (const response of responses) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where }] });
  }
  expect(await service.database.query('select url, event_types from webhook_endpoint')).toEqual([
    { url: GOOD_URL, event_types: null },
  ]);
});

it.each([{ enabled: 'true' }, { enabled: null }, { disabledReason: 'mine' }])(
  'is not changed by %j',
  async (fields) => {
    await created();

    expect((await service.admin('PATCH', 'webhook-endpoints/1', fields)).status).toBe(400);
  },
);

it.each(['2', '0', 'x', '%00', '12345678901234567890'])('answers 404 for the endpoint %s', async (id) => {
  await created();
  const path = `webhook-endpoints/${id}`;

  const responses = [
    await service.admin('GET', path),
    await service.admin('PATCH', path, { enabled: false }),
    await service.admin('DELETE', path),
    await service.admin('POST', `${path}/secret`),
    await service.admin('GET', `${path}/deliveries`),
    await service.admin('POST', `${path}/redeliver`, { callSid: '1'.repeat(32) }),
  ];

  expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
});

it.each(['x', '0', '1-1', '%00'])('refuses the cursor "%s"', async (after) => {
  const response = await service.admin('GET', `webhook-endpoints?after=${after}`);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where: 'after' }] });
});
