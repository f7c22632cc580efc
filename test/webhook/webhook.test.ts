import { request } from 'undici';
import { Webhook } from 'standardwebhooks';
import { placeCall } from '../support/placed-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const secretOf = (fill: string): string => `whsec_${Buffer.from(fill.repeat(32)).toString('base64')}`;
const SIGNING = secretOf('a');
const RETIRING = secretOf('b');
const FOREIGN = secretOf('c');

let service: TestApp;

beforeAll(async () => {
  // At this speed the simulator sends no webhook during a test.
  service = await startTestApp({
    environment: { SIMULATOR_WEBHOOK_SECRETS: `${SIGNING},${RETIRING}`, SIMULATOR_SPEED: '0.1' },
  });
});
afterAll(() => service.close());

let nextCaller = 1004;
const newCall = async (): Promise<{ userId: string; callSid: string }> => {
  const userId = String(nextCaller++);
  return { userId, callSid: await placeCall(service, userId, '2013') };
};

const ringing = (callSid: string, more: object = {}): string =>
  JSON.stringify({
    type: 'call.ringing',
    call: { id: 'SIM-by-hand', reference: callSid },
    occurredAt: new Date().toISOString(),
    ...more,
  });

let nextId = 1;
const headersFor = (body: string | Buffer, { secret = SIGNING, at = new Date(), id = `by-hand-${nextId++}` } = {}) => ({
  'content-type': 'application/json',
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, at, body),
});

const post = async (body: string | Buffer, headers: Record<string, string>, provider = 'simulator') => {
  const response = await request(`${service.url}/v1/webhooks/${provider}`, { method: 'POST', body, headers });
  return { status: response.statusCode, problem: await response.body.text() };
};

const eventsOf = async (callSid: string): Promise<number> => {
  const rows = await service.database.query<unknown[]>(
    `select 1 from call_events where call_sid = $1 and provider = 'simulator'`,
    [callSid],
  );
  return rows.length;
};
const state = async ({ userId, callSid }: { userId: string; callSid: string }) =>
  (await service.ask(userId, `callState/${callSid}`)).data?.stateType;

describe('a webhook', () => {
  it.each([
    ['the current secret', SIGNING],
    ['the retiring secret', RETIRING],
  ])('signed with %s advances the call', async (_, secret) => {
    const call = await newCall();
    const body = ringing(call.callSid);

    expect(await post(body, headersFor(body, { secret }))).toEqual({ status: 204, problem: '' });

    expect(await state(call)).toBe('2');
  });

  it('that is redelivered with a new signature is accepted and changes nothing', async () => {
    const call = await newCall();
    const body = ringing(call.callSid);
    const id = `by-hand-${nextId++}`;

    await post(body, headersFor(body, { id, at: new Date(Date.now() - 5_000) }));
    expect((await post(body, headersFor(body, { id }))).status).toBe(204);

    expect(await eventsOf(call.callSid)).toBe(1);
  });

  it('with unknown fields is accepted', async () => {
    const call = await newCall();
    const body = ringing(call.callSid, { mood: 'cheerful' });

    expect((await post(body, headersFor(body))).status).toBe(204);
  });

  it('for an unknown call is refused, so that the provider redelivers it', async () => {
    const body = ringing('9'.repeat(32));

    const { status, problem } = await post(body, headersFor(body));

    expect(status).toBe(404);
    expect(JSON.parse(problem)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('from an unknown provider is answered with 404', async () => {
    const body = ringing('9'.repeat(32));

    expect((await post(body, headersFor(body), 'nobody')).status).toBe(404);
  });
});

describe('the service refuses, without any change, a webhook', () => {
  const refused = async (status: number, make: (body: string) => Promise<{ status: number }>) => {
    const call = await newCall();
    const before = await eventsOf(call.callSid);

    expect((await make(ringing(call.callSid))).status).toBe(status);

    expect(await eventsOf(call.callSid)).toBe(before);
    expect(await state(call)).toBe('1');
  };

  it('without a signature', () => refused(401, (body) => post(body, { 'content-type': 'application/json' })));

  it('signed with a foreign secret', () => refused(401, (body) => post(body, headersFor(body, { secret: FOREIGN }))));

  it('whose body was altered by one byte', () => refused(401, (body) => post(`${body} `, headersFor(body))));

  it('whose id was altered', () =>
    refused(401, (body) => post(body, { ...headersFor(body), 'webhook-id': 'another' })));

  it.each([-301, 301])('whose time is off by %d seconds', (seconds) =>
    refused(401, (body) => post(body, headersFor(body, { at: new Date(Date.now() + seconds * 1000) }))),
  );

  it('whose signature is of another version', () =>
    refused(401, (body) => {
      const headers = headersFor(body);
      return post(body, { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v9,') });
    }));

  it('over 64 KB', () =>
    refused(413, (body) => {
      const long = JSON.stringify({ ...(JSON.parse(body) as object), padding: 'x'.repeat(64 * 1024) });
      return post(long, headersFor(long));
    }));

  it.each(['', 'null', '[]', '{', '{"type":"call.ringing"}', '"text"', '{"type":5,"call":{}}'])(
    'with a valid signature and the body %j',
    (nonsense) => refused(400, () => post(nonsense, headersFor(nonsense))),
  );

  it.each([
    ['of an unknown type', { type: 'call.sneezed' }],
    ['without a call', { call: null }],
    ['with a malformed time', { occurredAt: 'yesterday' }],
    ['with an unknown end reason', { type: 'call.ended', endReason: 'boredom' }],
  ])('with a valid signature, %s', (_, change) =>
    refused(400, (body) => {
      const wrong = JSON.stringify({ ...(JSON.parse(body) as object), ...change });
      return post(wrong, headersFor(wrong));
    }),
  );

  it('that is replayed', async () => {
    const call = await newCall();
    const body = ringing(call.callSid);
    const headers = headersFor(body);

    expect((await post(body, headers)).status).toBe(204);
    expect((await post(body, headers)).status).toBe(409);

    expect(await eventsOf(call.callSid)).toBe(1);
  });
});

it('a webhook’s signature is verified over the raw bytes, with any content type', async () => {
  const call = await newCall();
  const body = Buffer.from(`  ${ringing(call.callSid)}\n`);
  const headers = { ...headersFor(body), 'content-type': 'text/plain' };

  expect((await post(body, headers)).status).toBe(204);

  expect(await state(call)).toBe('2');
});
