/** What the simulator's provider believes of what comes in at the door. */
import { Webhook } from 'standardwebhooks';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { randomWebhookSecret, SimulatorProvider } from '../../src/telephony/simulator/simulator.provider.js';
import type { WebhookReading } from '../../src/telephony/telephony-provider.js';

const [signing, retiring, foreign] = [randomWebhookSecret(), randomWebhookSecret(), randomWebhookSecret()];

/** Knows nothing of the call: another replica has placed it. */
const replica = new SimulatorProvider(new HttpCarrierClient('http://127.0.0.1:9'), [signing, retiring]);
afterAll(() => replica.close());

const GENUINE = {
  type: 'call.ended',
  call: { id: 'SIM1', reference: '2'.repeat(32) },
  occurredAt: '2026-01-31T08:00:00.000Z',
  endReason: 'busy',
  detail: { leg: 'B' },
};

const text = (change: object = {}): string => JSON.stringify({ ...GENUINE, ...change });

const headersFor = (body: string, { secret = signing, id = 'SIM1-3', at = new Date() } = {}) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, at, body),
});

const read = (body: string | Buffer, headers: Record<string, string>): WebhookReading =>
  replica.readWebhook({ headers, body: Buffer.from(body), target: '/v1/webhooks/simulator', address: '127.0.0.1' });

const receiptOf = (body: string | Buffer, headers: Record<string, string>): string => {
  const reading = read(body, headers);
  if (reading.kind !== 'genuine') throw new Error(`is ${reading.kind}: ${reading.reason}`);
  return reading.receipt ?? '';
};

describe('genuine is a webhook', () => {
  it.each([
    ['the secret that signs', signing],
    ['the secret that is being retired', retiring],
  ])('signed with %s, on a replica that knows nothing of the call', (_, secret) => {
    const body = text();

    expect(read(body, headersFor(body, { secret }))).toEqual({
      kind: 'genuine',
      receipt: expect.any(String),
      events: [
        {
          eventId: 'SIM1-3',
          callSid: '2'.repeat(32),
          providerCallId: 'SIM1',
          type: 'ended',
          occurredAt: new Date('2026-01-31T08:00:00.000Z'),
          endReason: 'busy',
          detail: { leg: 'B' },
        },
      ],
    });
  });

  it.each([
    ['that carries fields we do not know', { mood: 'cheerful', call: { ...GENUINE.call, price: { amount: 3 } } }],
    ['without detail', { detail: undefined }],
    ['whose detail is null', { detail: null }],
    ['whose detail has numbers and booleans', { detail: { sip: 486, early: false } }],
    ['whose time has an offset', { occurredAt: '2026-01-31T16:00:00+08:00' }],
    ['that has no end reason and needs none', { type: 'call.ringing', endReason: undefined }],
    ['whose text is not only ASCII', { detail: { 原因: '用户正忙 📵' } }],
  ])('%s', (_, change) => {
    const body = text(change);

    expect(read(body, headersFor(body))).toMatchObject({ kind: 'genuine' });
  });

  it('signed almost five minutes ago', () => {
    const body = text();

    expect(read(body, headersFor(body, { at: new Date(Date.now() - 295_000) }))).toMatchObject({ kind: 'genuine' });
  });
});

describe('forged is a webhook', () => {
  const forged = (body: string | Buffer, headers: Record<string, string>) =>
    expect(read(body, headers)).toEqual({ kind: 'forged', reason: expect.any(String) });

  it('signed with a foreign secret', () => forged(text(), headersFor(text(), { secret: foreign })));

  it('whose body was altered by one byte', () => forged(`${text()} `, headersFor(text())));

  it('whose id was altered', () => forged(text(), { ...headersFor(text()), 'webhook-id': 'SIM1-4' }));

  it('whose time was moved', () =>
    forged(text(), { ...headersFor(text()), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 1) }));

  it.each([-302, 302])('whose time is off by %d seconds', (seconds) =>
    forged(text(), headersFor(text(), { at: new Date(Date.now() + seconds * 1000) })),
  );

  it('whose time is none', () => forged(text(), { ...headersFor(text()), 'webhook-timestamp': 'now' }));

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s', (missing) => {
    const headers = Object.entries(headersFor(text())).filter(([name]) => name !== missing);

    forged(text(), Object.fromEntries(headers));
  });

  it.each(['v1,', 'v1', '', ',', 'v1,AAAA', 'v2,AAAA', 'v1, v1,AAAA'])('whose signature is %j', (signature) =>
    forged(text(), { ...headersFor(text()), 'webhook-signature': signature }),
  );

  it('whose signature is of another version', () => {
    const headers = headersFor(text());

    forged(text(), { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1', 'v1a') });
  });

  it('whose bytes were altered into others that decode to the same text', () => {
    const body = text({ detail: { note: '\uFFFD' } });
    const altered = Buffer.from(body);
    const at = altered.indexOf('\uFFFD');
    const bytes = Buffer.concat([altered.subarray(0, at), Buffer.from([0xff]), altered.subarray(at + 3)]);

    expect(bytes.toString()).toBe(body);
    forged(bytes, headersFor(body));
    expect(read(body, headersFor(body))).toMatchObject({ kind: 'genuine' });
  });
});

describe('rightly signed and yet malformed is a webhook', () => {
  it.each(
    [
      ['', '{', 'null', '[]', '5', '"text"', '{}'].map((body) => [`that says ${JSON.stringify(body)}`, body]),
      [
        ['of an unknown type', text({ type: 'call.sneezed' })],
        ['whose type only ends like one', text({ type: 'ended' })],
        ['without a call', text({ call: null })],
        ['without a reference', text({ call: { id: 'SIM1' } })],
        ['without a call id', text({ call: { reference: '2' } })],
        ['whose reference is a number', text({ call: { id: 'SIM1', reference: 2 } })],
        ['whose reference is empty', text({ call: { id: 'SIM1', reference: '' } })],
        ['whose reference is endless', text({ call: { id: 'SIM1', reference: '2'.repeat(201) } })],
        ['whose reference holds a NUL', text({ call: { id: 'SIM1', reference: '2\0' } })],
        ['without a time', text({ occurredAt: undefined })],
        ['whose time is a number', text({ occurredAt: 1769846400 })],
        ['whose time is none', text({ occurredAt: 'yesterday' })],
        ['whose time has no zone', text({ occurredAt: '2026-01-31T08:00:00' })],
        ['whose month is the thirteenth', text({ occurredAt: '2026-13-31T08:00:00Z' })],
        ['that ends for no reason', text({ endReason: undefined })],
        ['that ends for a reason unknown', text({ endReason: 'boredom' })],
        ['that rings for a reason', text({ type: 'call.ringing' })],
        ['whose detail is a list', text({ detail: ['B'] })],
        ['whose detail is nested', text({ detail: { leg: { name: 'B' } } })],
        ['whose detail holds half a character', text({ detail: { note: '\ud83d' } })],
        ['whose detail holds a NUL', text({ detail: { note: '\0' } })],
        ['whose detail is beyond all numbers', text().replace('"B"', '1e999')],
      ],
    ].flat(),
  )('%s', (_, body) => {
    expect(read(body, headersFor(body))).toEqual({ kind: 'malformed', reason: expect.any(String) });
  });

  it('whose id is endless', () => {
    const headers = headersFor(text(), { id: 'S'.repeat(201) });

    expect(read(text(), headers)).toMatchObject({ kind: 'malformed' });
  });

  it('and the reason repeats nothing of what came', () => {
    const body = '{"phone": 13800001001';

    expect(JSON.stringify(read(body, headersFor(body)))).not.toContain('138');
  });
});

describe('the receipt', () => {
  const body = text();
  const at = new Date();
  const headers = headersFor(body, { at });

  it('is the same for the same delivery', () => expect(receiptOf(body, headers)).toBe(receiptOf(body, headers)));

  it.each([
    ['with another signature beside it', { 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }],
    ['signed with the other secret', headersFor(body, { secret: retiring, at })],
    ['whose time is written differently', { 'webhook-timestamp': `0${headers['webhook-timestamp']}` }],
  ])('is the same for a replay %s', (_, change) => {
    expect(receiptOf(body, { ...headers, ...change })).toBe(receiptOf(body, headers));
  });

  it.each([
    ['at another time', body, headersFor(body, { at: new Date(at.getTime() - 2000) })],
    ['of another event', body, headersFor(body, { at, id: 'SIM1-4' })],
    ['that names itself otherwise', text({ delivery: 'x' }), headersFor(text({ delivery: 'x' }), { at })],
  ])('is another for a delivery %s', (_, otherBody, otherHeaders) => {
    expect(receiptOf(otherBody, otherHeaders)).not.toBe(receiptOf(body, headers));
  });
});

it('a random secret is whsec_ and 32 bytes in base64, another one each time', () => {
  const secrets = [randomWebhookSecret(), randomWebhookSecret()];

  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  }
  expect(secrets[0]).not.toBe(secrets[1]);
});
