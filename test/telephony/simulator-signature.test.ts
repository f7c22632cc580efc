/** Which webhooks the simulator's provider accepts as genuine. */
import { Webhook } from 'standardwebhooks';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { randomWebhookSecret, SimulatorProvider } from '../../src/telephony/simulator/simulator.provider.js';
import type { WebhookReading } from '../../src/telephony/telephony-provider.js';

const [current, previous, unrelated] = [randomWebhookSecret(), randomWebhookSecret(), randomWebhookSecret()];

/** This replica does not know the call, because another replica has placed it. */
const replica = new SimulatorProvider(new HttpCarrierClient('http://127.0.0.1:9'), [current, previous]);
afterAll(() => replica.close());

const GENUINE = {
  type: 'call.ended',
  call: { id: 'SIM1', reference: '2'.repeat(32) },
  occurredAt: '2026-01-31T08:00:00.000Z',
  endReason: 'busy',
  detail: { leg: 'B' },
};

const text = (change: object = {}): string => JSON.stringify({ ...GENUINE, ...change });

const headersFor = (body: string, { secret = current, id = 'SIM1-3', at = new Date() } = {}) => ({
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

describe('a webhook is genuine', () => {
  it.each([
    ['the current secret', current],
    ['the previous secret', previous],
  ])('when it is signed with %s, on a replica that does not know the call', (_, secret) => {
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
    ['with unknown fields', { mood: 'cheerful', call: { ...GENUINE.call, price: { amount: 3 } } }],
    ['without detail', { detail: undefined }],
    ['with a null detail', { detail: null }],
    ['with numbers and booleans in its detail', { detail: { sip: 486, early: false } }],
    ['with a time that has an offset', { occurredAt: '2026-01-31T16:00:00+08:00' }],
    ['without an end reason, when it needs none', { type: 'call.ringing', endReason: undefined }],
    ['with text beyond ASCII', { detail: { 原因: '用户正忙 📵' } }],
  ])('%s', (_, change) => {
    const body = text(change);

    expect(read(body, headersFor(body))).toMatchObject({ kind: 'genuine' });
  });

  it('when it was signed almost five minutes ago', () => {
    const body = text();

    expect(read(body, headersFor(body, { at: new Date(Date.now() - 295_000) }))).toMatchObject({ kind: 'genuine' });
  });
});

describe('a webhook is forged', () => {
  const forged = (body: string | Buffer, headers: Record<string, string>) =>
    expect(read(body, headers)).toEqual({ kind: 'forged', reason: expect.any(String) });

  it('when it is signed with an unknown secret', () => forged(text(), headersFor(text(), { secret: unrelated })));

  it('when one byte was added to its body', () => forged(`${text()} `, headersFor(text())));

  it('when its id was altered', () => forged(text(), { ...headersFor(text()), 'webhook-id': 'SIM1-4' }));

  it('when its time was altered', () =>
    forged(text(), { ...headersFor(text()), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 1) }));

  it.each([-302, 302])('when its time is off by %d seconds', (seconds) =>
    forged(text(), headersFor(text(), { at: new Date(Date.now() + seconds * 1000) })),
  );

  it('when its time is not a number', () => forged(text(), { ...headersFor(text()), 'webhook-timestamp': 'now' }));

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s', (missing) => {
    const headers = Object.entries(headersFor(text())).filter(([name]) => name !== missing);

    forged(text(), Object.fromEntries(headers));
  });

  it.each(['v1,', 'v1', '', ',', 'v1,AAAA', 'v2,AAAA', 'v1, v1,AAAA'])('when its signature is %j', (signature) =>
    forged(text(), { ...headersFor(text()), 'webhook-signature': signature }),
  );

  it('when its signature has another version', () => {
    const headers = headersFor(text());

    forged(text(), { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1', 'v1a') });
  });

  it('when its bytes were altered but decode to the same text', () => {
    const body = text({ detail: { note: '\uFFFD' } });
    const altered = Buffer.from(body);
    const at = altered.indexOf('\uFFFD');
    const bytes = Buffer.concat([altered.subarray(0, at), Buffer.from([0xff]), altered.subarray(at + 3)]);

    expect(bytes.toString()).toBe(body);
    forged(bytes, headersFor(body));
    expect(read(body, headersFor(body))).toMatchObject({ kind: 'genuine' });
  });
});

describe('a webhook with a valid signature is malformed', () => {
  it.each(
    [
      ['', '{', 'null', '[]', '5', '"text"', '{}'].map((body) => [`when its body is ${JSON.stringify(body)}`, body]),
      [
        ['when its type is unknown', text({ type: 'call.sneezed' })],
        ['when its type lacks the prefix', text({ type: 'ended' })],
        ['when it has no call', text({ call: null })],
        ['when it has no reference', text({ call: { id: 'SIM1' } })],
        ['when it has no call id', text({ call: { reference: '2' } })],
        ['when its reference is a number', text({ call: { id: 'SIM1', reference: 2 } })],
        ['when its reference is empty', text({ call: { id: 'SIM1', reference: '' } })],
        ['when its reference is too long', text({ call: { id: 'SIM1', reference: '2'.repeat(201) } })],
        ['when its reference contains a NUL', text({ call: { id: 'SIM1', reference: '2\0' } })],
        ['when it has no time', text({ occurredAt: undefined })],
        ['when its time is a number', text({ occurredAt: 1769846400 })],
        ['when its time is not a date', text({ occurredAt: 'yesterday' })],
        ['when its time has no zone', text({ occurredAt: '2026-01-31T08:00:00' })],
        ['when its month is 13', text({ occurredAt: '2026-13-31T08:00:00Z' })],
        ['when an end has no reason', text({ endReason: undefined })],
        ['when its end reason is unknown', text({ endReason: 'boredom' })],
        ['when a ringing event has an end reason', text({ type: 'call.ringing' })],
        ['when its detail is a list', text({ detail: ['B'] })],
        ['when its detail is nested', text({ detail: { leg: { name: 'B' } } })],
        ['when its detail contains half a surrogate pair', text({ detail: { note: '\ud83d' } })],
        ['when its detail contains a NUL', text({ detail: { note: '\0' } })],
        ['when a number in its detail is infinite', text().replace('"B"', '1e999')],
      ],
    ].flat(),
  )('%s', (_, body) => {
    expect(read(body, headersFor(body))).toEqual({ kind: 'malformed', reason: expect.any(String) });
  });

  it('when its id is too long', () => {
    const headers = headersFor(text(), { id: 'S'.repeat(201) });

    expect(read(text(), headers)).toMatchObject({ kind: 'malformed' });
  });

  it('and the reason contains nothing of the body', () => {
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
    ['with a second signature', { 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }],
    ['signed with the previous secret', headersFor(body, { secret: previous, at })],
    ['with its time written differently', { 'webhook-timestamp': `0${headers['webhook-timestamp']}` }],
  ])('is the same for a replay %s', (_, change) => {
    expect(receiptOf(body, { ...headers, ...change })).toBe(receiptOf(body, headers));
  });

  it.each([
    ['at another time', body, headersFor(body, { at: new Date(at.getTime() - 2000) })],
    ['of another event', body, headersFor(body, { at, id: 'SIM1-4' })],
    ['with another delivery id', text({ delivery: 'x' }), headersFor(text({ delivery: 'x' }), { at })],
  ])('is different for a delivery %s', (_, otherBody, otherHeaders) => {
    expect(receiptOf(otherBody, otherHeaders)).not.toBe(receiptOf(body, headers));
  });
});

it('a random secret is whsec_ and 32 bytes in base64, and is different each time', () => {
  const secrets = [randomWebhookSecret(), randomWebhookSecret()];

  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  }
  expect(secrets[0]).not.toBe(secrets[1]);
});
