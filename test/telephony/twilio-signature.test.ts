import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import type { WebhookRequest } from '../../src/telephony/telephony-provider.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  MAIN,
  noTimeout,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { signatureOf, type SentCallback } from '../support/twilio-callbacks.js';
import { startTwilioReceiver, type TwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioServer, type TwilioServer, type TwilioServerOptions } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

const PUBLIC = 'https://calls.example.com';

let server: TwilioServer;
let receiver: TwilioReceiver;
let provider: TwilioProvider;

/** Twilio knows only the public address. A proxy there forwards its requests to this machine. */
const start = async (publicUrl = PUBLIC, options: Partial<TwilioServerOptions> = {}) => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER],
    speed: 100,
    reach: (url) => url.replace(/^https?:\/\/[^/]+(?:\/ringback)?(?=\/v1)/, receiver.url),
    ...options,
  });
  provider = twilioProvider({ apiUrl: server.url, publicUrl });
};
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

/** The callbacks that Twilio sent about a call that was not answered. */
const aboutCall = async (subAccount = TENANT): Promise<SentCallback[]> => {
  const request = twilioDial('05', subAccount);
  await provider.dial(request, noTimeout());
  const about = () => server.callbacks.filter(({ url }) => url.includes(request.callSid));
  await waitFor('the end', () => about().at(-1)?.fields.CallStatus === 'no-answer' && about().at(-1)?.answers[0]);
  return about();
};

const genuine = (): WebhookRequest => receiver.requests.at(-1)!;
const read = (altered: Partial<WebhookRequest>) => provider.readWebhook({ ...genuine(), ...altered });
const FORGED = { kind: 'forged', reason: expect.stringMatching(/\.$/) };

describe('a callback is genuine', () => {
  it.each([
    ['when it comes from the main account', MAIN],
    ['when it comes from a sub-account, which signs with its own token', TENANT],
  ])('%s', async (_, subAccount) => {
    await start();

    await aboutCall(subAccount);

    expect(receiver.readings.map(({ kind }) => kind)).toEqual(['genuine', 'genuine', 'genuine']);
  });

  it.each([
    ['ends with a slash', `${PUBLIC}/`],
    ['has a port', 'https://calls.example.com:8443'],
    ['is plain http', 'http://calls.example.com'],
    ['has a path that the proxy removes', `${PUBLIC}/ringback`],
  ])('behind a proxy, when the public address %s', async (_, publicUrl) => {
    await start(publicUrl);

    await aboutCall();

    expect(server.callbacks[0]?.url).toMatch(new RegExp(`^${publicUrl.replace(/\/$/, '')}/v1/webhooks/twilio\\?`));
    expect(receiver.readings.map(({ kind }) => kind)).toEqual(['genuine', 'genuine', 'genuine']);
  });

  it('when Twilio signs the fragment of its address, too', async () => {
    await start(PUBLIC, { signsFragment: true });

    await aboutCall();

    expect(receiver.readings.map(({ kind }) => kind)).toEqual(['genuine', 'genuine', 'genuine']);
  });

  it('on every replica with the same settings, and after a restart', async () => {
    await start();
    await aboutCall();
    const replica = twilioProvider();

    expect(replica.readWebhook(genuine())).toMatchObject({ kind: 'genuine', events: [{ type: 'ended' }] });

    await replica.close();
  });

  it('with any host, scheme and proxy in its headers', async () => {
    await start();
    await aboutCall();
    const headers = { ...genuine().headers, host: 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=x' };

    expect(read({ headers })).toMatchObject({ kind: 'genuine' });
  });
});

describe('a callback is forged', () => {
  beforeEach(async () => {
    await start();
    await aboutCall();
  });

  const body = (): string => genuine().body.toString();
  const withHeader = (signature: string) => ({ headers: { ...genuine().headers, 'x-twilio-signature': signature } });

  it('without a signature', () => {
    expect(read({ headers: {} })).toMatchObject(FORGED);
    expect(read(withHeader(''))).toMatchObject(FORGED);
  });

  it.each([
    ['another status', (text: string) => text.replace('no-answer', 'completed')],
    ['an additional field', (text: string) => `${text}&SipResponseCode=200`],
    ['a field twice', (text: string) => `${text}&CallStatus=busy`],
    ['a missing field', (text: string) => text.replace(/&SequenceNumber=\d+/, '')],
    ['another account', (text: string) => text.replace(TENANT.externalId, MAIN.externalId)],
    ['no body at all', () => ''],
  ])('with %s', (_, alter) => {
    expect(alter(body())).not.toBe(body());
    expect(read({ body: Buffer.from(alter(body())) })).toMatchObject(FORGED);
  });

  it('with a body that is not UTF-8', () => {
    expect(read({ body: Buffer.concat([genuine().body, Buffer.from([0xff])]) })).toMatchObject(FORGED);
  });

  it.each([
    ['another call', (target: string) => target.replace(/callSid=\d+/, `callSid=${'1'.repeat(32)}`)],
    ['another source', (target: string) => target.replace('source=A', 'source=dial')],
    ['an unknown source', (target: string) => target.replace('source=A', 'source=C')],
    ['another seal', (target: string) => target.replace(/seal=..../, 'seal=AAAA')],
    ['a seal that is too short', (target: string) => target.replace(/seal=[\w-]+/, 'seal=AAAA')],
    ['no seal', (target: string) => target.replace(/&seal=[\w-]+/, '')],
    ['no query', (target: string) => target.replace(/\?.*/, '')],
    ['another path', (target: string) => target.replace('/twilio', '/twilio/x')],
  ])('at an address with %s', (_, alter) => {
    expect(alter(genuine().target)).not.toBe(genuine().target);
    expect(read({ target: alter(genuine().target) })).toMatchObject(FORGED);
  });

  it('at a host other than the public one', async () => {
    const elsewhere = twilioProvider({ publicUrl: 'https://other.example.com' });

    expect(elsewhere.readWebhook(genuine())).toMatchObject(FORGED);

    await elsewhere.close();
  });

  it('when the main account’s token has changed, because the seals depend on it', async () => {
    const other = twilioProvider({ authToken: '3'.repeat(32) });

    expect(other.readWebhook(genuine())).toMatchObject(FORGED);

    await other.close();
  });

  it('when its URL names another call, even if a tenant signs it with the sub-account’s token', () => {
    const target = genuine().target.replace(/callSid=\d+/, `callSid=${'1'.repeat(32)}`);
    const fields = Object.fromEntries(new URLSearchParams(body()));

    expect(read({ target, ...withHeader(signatureOf(TENANT.secret, PUBLIC + target, fields)) })).toMatchObject(FORGED);
  });

  it('when a sub-account’s callback is signed with the main account’s token', () => {
    const fields = Object.fromEntries(new URLSearchParams(body()));

    const signature = signatureOf(MAIN.secret, PUBLIC + genuine().target, fields);

    expect(read(withHeader(signature))).toMatchObject(FORGED);
  });
});

describe('a callback that is signed with a SharedKey', () => {
  const [KEY, OLD_KEY] = ['the secret of the SharedKey', 'the secret of the SharedKey before'];
  const SETTINGS = 'x-twilio-webhooks-signature-settings';
  let keyed: TwilioProvider;

  beforeEach(async () => {
    await start();
    await aboutCall();
    keyed = twilioProvider({ publicUrl: PUBLIC, signingKeys: [KEY, OLD_KEY] });
  });
  afterEach(() => keyed.close());

  const fields = (): Record<string, string> => Object.fromEntries(new URLSearchParams(genuine().body.toString()));
  const signed = (
    secret: string,
    hash: 'sha1' | 'sha256' = 'sha256',
    settings = `key=webhooks_sharedkey_1,algorithm=HMAC_${hash.toUpperCase()}`,
    url = PUBLIC + genuine().target,
  ): WebhookRequest => ({
    ...genuine(),
    headers: {
      ...genuine().headers,
      'x-twilio-signature': signatureOf(secret, url, fields(), hash),
      [SETTINGS]: settings,
    },
  });

  it.each<[string, () => WebhookRequest]>([
    ['with HMAC-SHA256', () => signed(KEY)],
    ['with HMAC-SHA1', () => signed(KEY, 'sha1')],
    ['with the previous key', () => signed(OLD_KEY)],
    ['with the port in the address', () => signed(KEY, 'sha256', undefined, `${PUBLIC}:443${genuine().target}`)],
    [
      'with other settings in the header',
      () => signed(KEY, 'sha256', 'v=2, algorithm=HMAC_SHA256 ,key=webhooks_sharedkey_1'),
    ],
  ])('is genuine %s', (_, request) => {
    expect(keyed.readWebhook(request())).toMatchObject({ kind: 'genuine', events: [{ type: 'ended' }] });
  });

  it('is not required: a callback that is signed with the token is still genuine', () => {
    expect(keyed.readWebhook(genuine())).toMatchObject({ kind: 'genuine' });
  });

  it.each<[string, () => WebhookRequest]>([
    ['with another key', () => signed('made up')],
    ['with the auth token', () => signed(TENANT.secret)],
    ['with an algorithm that differs from the header', () => signed(KEY, 'sha1', 'key=1,algorithm=HMAC_SHA256')],
    ['with an unknown algorithm', () => signed(KEY, 'sha256', 'key=1,algorithm=NONE')],
    ['with the name of an object property as algorithm', () => signed(KEY, 'sha256', 'key=1,algorithm=constructor')],
    ['without an algorithm in the header', () => signed(KEY, 'sha256', 'key=1')],
    [
      'when it is altered',
      () => ({ ...signed(KEY), body: Buffer.from(`${genuine().body.toString()}&SipResponseCode=200`) }),
    ],
    ['without a signature', () => ({ ...signed(KEY), headers: { [SETTINGS]: 'key=1,algorithm=HMAC_SHA256' } })],
    [
      'when the header says that it is signed with the token',
      () => ({ ...signed(KEY), headers: { 'x-twilio-signature': 'x' } }),
    ],
    [
      'for another call',
      () => ({ ...signed(KEY), target: genuine().target.replace(/callSid=\d+/, `callSid=${'1'.repeat(32)}`) }),
    ],
  ])('is forged %s', (_, request) => {
    expect(keyed.readWebhook(request())).toMatchObject(FORGED);
  });

  it('is forged when no key is configured, and the reason names the setting', () => {
    expect(provider.readWebhook(signed(KEY))).toMatchObject({
      kind: 'forged',
      reason: expect.stringContaining('TWILIO_SHARED_KEYS'),
    });
  });
});

describe('a callback with a valid signature', () => {
  const signed = (alter: (fields: Record<string, string>) => void) => {
    const fields = Object.fromEntries(new URLSearchParams(genuine().body.toString()));
    alter(fields);
    const signature = signatureOf(TENANT.secret, PUBLIC + genuine().target, fields);
    return read({
      headers: { 'x-twilio-signature': signature },
      body: Buffer.from(new URLSearchParams(fields).toString()),
    });
  };
  beforeEach(async () => {
    await start();
    await aboutCall();
  });

  it.each([
    ['an unknown status', { CallStatus: 'musing' }],
    ['no status', { CallStatus: '' }],
    ['an invalid CallSid', { CallSid: 'CA1' }],
  ])('is malformed with %s', (_, fields) => {
    expect(signed((all) => Object.assign(all, fields))).toMatchObject({
      kind: 'malformed',
      reason: expect.stringMatching(/^Not understood: .*\.$/),
    });
  });

  it('may have unknown fields', () => {
    expect(signed((all) => Object.assign(all, { StirVerstat: 'A+B ü', __proto__x: '1' }))).toMatchObject({
      kind: 'genuine',
      events: [{ type: 'ended', endReason: 'no_answer' }],
    });
  });
});

it('a callback with more fields than Twilio sends is refused before its signature is checked', async () => {
  await start();
  await aboutCall();
  const names = Array.from({ length: 300 }, (_, i) => `&field${i}`).join('');

  expect(read({ body: Buffer.from(genuine().body.toString() + names) })).toEqual({
    kind: 'forged',
    reason: 'It has more than 200 fields.',
  });
});
