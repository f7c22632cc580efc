/** Where Telnyx's dialect differs from Twilio: what is sent, what the replies mean, and which callbacks are genuine. */
import { readFile } from 'node:fs/promises';
import { TELNYX_ERROR_CODES, telnyxDialect } from '../../src/telephony/twilio/telnyx-dialect.js';
import { faultOfTelnyxSignature } from '../../src/telephony/twilio/telnyx-signature.js';
import { TwilioProvider, type TwilioOptions } from '../../src/telephony/twilio/twilio.provider.js';
import { StatusUnavailable, type DialRequest } from '../../src/telephony/telephony-provider.js';
import {
  ACCOUNT,
  APPLICATION_SID,
  CALLER_NUMBER,
  PRIVATE_KEY,
  PUBLIC_KEY,
  PUBLIC_URL,
} from '../support/telnyx-call.js';
import { signatureOf } from '../support/telnyx-callbacks.js';
import { startTelnyxServer, telnyxId, type TelnyxServer } from '../support/telnyx-server.js';
import { startTwilioReceiver, recordAfter, type TwilioReceiver } from '../support/twilio-receiver.js';
import { noTimeout } from '../support/twilio-call.js';
import { waitFor } from '../support/wait-for.js';

let server: TelnyxServer;
let provider: TwilioProvider;
let receiver: TwilioReceiver;

const newProvider = (options: Partial<TwilioOptions> = {}) =>
  new TwilioProvider({
    dialect: telnyxDialect(APPLICATION_SID),
    accountSid: ACCOUNT.externalId,
    authToken: ACCOUNT.secret,
    signingKeys: [PUBLIC_KEY],
    publicUrl: PUBLIC_URL,
    callerNumber: CALLER_NUMBER,
    ringCallerSeconds: 30,
    ringCalleeSeconds: 30,
    longestTalkSeconds: 3600,
    replyLimitMs: 2_000,
    apiUrl: server.url,
    ...options,
  });

beforeEach(async () => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTelnyxServer({
    accountSid: ACCOUNT.externalId,
    apiKey: ACCOUNT.secret,
    applicationSid: APPLICATION_SID,
    privateKey: PRIVATE_KEY,
    callerNumbers: [CALLER_NUMBER],
    speed: 100,
    reach: (url) => url.replace(PUBLIC_URL, receiver.url),
  });
  provider = newProvider();
});
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

let placed = 0;
const requestFor = (script: string, more: Partial<DialRequest> = {}): DialRequest => ({
  callSid: `20260101${String(++placed).padStart(24, '0')}`,
  callerPhone: '+8613800001001',
  calleePhone: `+86138000020${script}`,
  subAccount: ACCOUNT,
  ...more,
});
const dial = (script = '13', more: Partial<DialRequest> = {}) => provider.dial(requestFor(script, more), noTimeout());

/** @returns the callSid of a call that has reached the phase */
const callAt = async (phase: 'caller_answered' | 'ringing' | 'answered', script = '13'): Promise<string> => {
  server.holdAt(phase);
  const request = requestFor(script);
  await provider.dial(request, noTimeout());
  await waitFor(phase, () => receiver.eventsOf(request.callSid).some(({ type }) => type === phase));
  return request.callSid;
};
const onlyCall = () => [...server.calls.values()][0]!;
const recordOf = (callSid: string) => recordAfter(receiver.eventsOf(callSid));
const errors = (code: unknown, title = 'what Telnyx says') =>
  JSON.stringify({ errors: [{ code, title, detail: 'more' }] });

describe('a dial to Telnyx', () => {
  it('is JSON with the application, the instructions and the callbacks, and its reply has no id', async () => {
    expect(await dial()).toEqual({ kind: 'accepted', providerCallId: null });

    expect(server.dials).toEqual([
      {
        ApplicationSid: APPLICATION_SID,
        To: '+8613800001001',
        From: CALLER_NUMBER,
        Timeout: 30,
        StatusCallback: expect.stringMatching(
          /^https:\/\/calls\.example\.com\/v1\/webhooks\/telnyx\?callSid=\d{32}&seal=[\w-]+&source=A$/,
        ),
        StatusCallbackMethod: 'POST',
        StatusCallbackEvent: 'initiated ringing answered completed',
        Texml: expect.stringMatching(
          /<Dial callerId="\+13125550006" timeout="30" timeLimit="3600" action="[^"]+" method="POST">/,
        ),
      },
    ]);
  });

  it.each([
    ['+8613800001001', /<Say voice="Polly.Zhiyu-Neural">请按1接通电话。<\/Say>/],
    ['+14155550100', /<Say voice="woman">To connect your call, press 1\.<\/Say>/],
  ])('asks %s for a key in TeXML’s own form, which goes on without one', async (callerPhone, says) => {
    await provider.close();
    provider = newProvider({ confirmCallerSeconds: 10 });

    expect(await dial('13', { callerPhone })).toMatchObject({ kind: 'accepted' });

    const texml = String(server.dials[0]?.Texml);
    expect(texml).toMatch(says);
    expect(texml).toMatch(/<Gather numDigits="1" finishOnKey="" timeout="10" action="[^"]+then=[^"]+" method="POST">/);
    expect(texml).toMatch(/<\/Gather><Redirect method="POST">[^<]+source=confirm<\/Redirect><\/Response>$/);
    expect(texml).not.toContain('+8613800002013');
  });

  it('has the key of no account in its URLs', async () => {
    await dial();

    expect(JSON.stringify(server.dials)).not.toContain(ACCOUNT.secret);
  });

  it.each([
    [600, 86_400],
    [1, 1],
  ])('stays within Telnyx’s limits if a phone may ring for %i s and a talk take %i s', async (ring, talk) => {
    const terms = { ringCallerSeconds: ring, ringCalleeSeconds: ring, longestTalkSeconds: talk };

    expect(await dial('13', { terms })).toMatchObject({ kind: 'accepted' });
  });

  it.each(Object.entries(TELNYX_ERROR_CODES).map(([code, row]) => [code, row.meaning, row.category] as const))(
    'refused with %s, %s, is %s',
    async (code, _, category) => {
      server.answerNext(422, errors(code));

      expect(await dial()).toEqual({ kind: 'refused', category, code, text: 'what Telnyx says: more' });
    },
  );

  it.each([
    [402, errors('insufficient_funds'), 'no_funds', '402'],
    [422, errors('90014'), 'forbidden', '90014'],
    [403, errors(undefined), 'forbidden', '403'],
    [404, errors(undefined), 'bad_account', '10005'],
    [429, '', 'rate_limited', '429'],
  ])('refused with the status %i and the body %s is %s', async (status, body, category, code) => {
    server.answerNext(status, body);

    expect(await dial()).toMatchObject({ kind: 'refused', category, code });
  });

  it.each([
    [403, '<html>a proxy’s own page</html>'],
    [404, '{"errors":[]}'],
    [500, errors('10007')],
    [200, '{}'],
    [200, 'OK'],
  ])('has an unknown outcome if the reply is %i %s', async (status, body) => {
    server.answerNext(status, body);

    await expect(dial()).rejects.toThrow();
  });

  it.each([
    ['another account', { externalId: '00000000-0000-4000-8000-000000000000', secret: 'KEY' }],
    ['an account of Twilio', { externalId: `AC${'0'.repeat(32)}`, secret: 'KEY' }],
    ['no key', { ...ACCOUNT, secret: '' }],
  ])('with %s is refused, and nothing is sent', async (_, subAccount) => {
    expect(await dial('13', { subAccount })).toMatchObject({ category: 'bad_account', code: 'NO-TELNYX-ACCOUNT' });
    expect(server.dials).toEqual([]);
  });
});

describe('a call at Telnyx', () => {
  it('gets its id from the first callback', async () => {
    const callSid = await callAt('caller_answered');

    const [first] = receiver.eventsOf(callSid);
    const providerCallId = `${ACCOUNT.externalId}/${telnyxId(onlyCall().legA.sid)}`;
    expect(first).toMatchObject({ type: 'accepted', callSid, providerCallId });
  });

  it('ends as canceled if the caller gives up while the callee’s phone rings', async () => {
    const callSid = await callAt('ringing');

    server.callerHangsUp(onlyCall());

    await waitFor('the end', () => recordOf(callSid).endReason);
    expect(recordOf(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('ends as not answered if the callee does not answer, although the Dial’s end tells nothing of the caller', async () => {
    const request = requestFor('02');
    await provider.dial(request, noTimeout());
    await waitFor('the end of leg A', () => server.calls.size > 0 && onlyCall().legA.endedAt);
    await waitFor('its callbacks', () => recordOf(request.callSid).endReason === 'no_answer');
    expect(receiver.readings.every(({ kind }) => kind === 'genuine')).toBe(true);
  });

  it('has its recording in the Dial’s end', async () => {
    provider = newProvider({ record: true });
    const request = requestFor('00');
    await provider.dial(request, noTimeout());

    const recorded = () => receiver.eventsOf(request.callSid).find(({ recording }) => recording !== undefined);
    expect(await waitFor('the recording', recorded)).toMatchObject({ type: 'ended', endReason: 'completed' });
  });

  it('cannot be hung up before its id is known, and only unconditionally afterwards', async () => {
    const callSid = await callAt('ringing');
    const { providerCallId } = receiver.eventsOf(callSid)[0]!;
    const dialled = {
      callerPhone: '+8613800001001',
      calleePhone: '',
      subAccount: ACCOUNT.externalId,
      at: new Date(),
      shownToCaller: null,
      othersIds: [],
    };

    await expect(provider.hangUp({ callSid, providerCallId: null, dialled })).rejects.toThrow(StatusUnavailable);
    expect(await provider.hangUp({ callSid, providerCallId }, 'answered')).toMatchObject({ code: 'UNCONDITIONAL' });
    expect(onlyCall().legB).toMatchObject({ status: 'ringing' });
    expect(await provider.hangUp({ callSid, providerCallId })).toEqual({ kind: 'taken' });
    expect(await provider.hangUp({ callSid, providerCallId })).toEqual({ kind: 'gone' });
  });
});

describe('a dial without a reply', () => {
  const asked = (at: Date, othersIds: readonly string[] = []) => ({
    callSid: '1'.repeat(32),
    providerCallId: null,
    dialled: {
      callerPhone: '+8613800001001',
      calleePhone: '+8613800002013',
      subAccount: ACCOUNT.externalId,
      at,
      shownToCaller: null,
      othersIds,
    },
  });

  it('was not placed if Telnyx has no call to the phone', async () => {
    expect(await provider.fetchStatus(asked(new Date()))).toEqual({ kind: 'unknown' });
  });

  it.each(['nothing', 'ringing'] as const)('may have been placed if Telnyx has a call after %s', async (phase) => {
    server.holdAt(phase);
    await dial();
    await waitFor('the call', () => phase === 'nothing' || onlyCall().legB);

    await expect(provider.fetchStatus(asked(new Date()))).rejects.toThrow(StatusUnavailable);
  });

  it('was not placed if the calls that Telnyx has are older, or other calls of ours', async () => {
    const callSid = await callAt('ringing');
    const { providerCallId } = receiver.eventsOf(callSid)[0]!;

    expect(await provider.fetchStatus(asked(new Date(Date.now() + 3_600_000)))).toEqual({ kind: 'unknown' });
    expect(await provider.fetchStatus(asked(new Date(), [providerCallId!]))).toEqual({ kind: 'unknown' });
  });
});

describe('a signature of Telnyx', () => {
  const BODY = 'CallSid=v3%3Aone&CallStatus=ringing';
  const NOW = new Date('2026-11-25T05:15:33Z');
  const SECONDS = NOW.getTime() / 1000;
  const faultOf = ({
    at = String(SECONDS),
    body = BODY,
    signature = signatureOf(PRIVATE_KEY, at, BODY),
    keys = [PUBLIC_KEY],
  }) =>
    faultOfTelnyxSignature(
      {
        headers: { 'telnyx-timestamp': at, 'telnyx-signature-ed25519': signature },
        urls: [],
        fields: new URLSearchParams(body),
        body: Buffer.from(body),
        now: NOW,
      },
      { sealed: '', signingKeys: keys },
    );
  const OTHER_KEY = Buffer.alloc(32, 7).toString('base64');

  it('is valid over time and body, at most 300 s old or ahead, by one of the keys', () => {
    expect(faultOf({})).toBeNull();
    expect(faultOf({ at: String(SECONDS - 300) })).toBeNull();
    expect(faultOf({ at: String(SECONDS + 300) })).toBeNull();
    expect(faultOf({ keys: [OTHER_KEY, PUBLIC_KEY] })).toBeNull();
  });

  it.each([
    ['an older time', { at: String(SECONDS - 301) }, /300 s/],
    ['a later time', { at: String(SECONDS + 301) }, /300 s/],
    ['no time', { at: '' }, /missing/],
    ['a time that is none', { at: 'now' }, /missing or no time/],
    ['another body', { body: `${BODY}&CallStatus=completed` }, /does not fit/],
    ['another key', { keys: [OTHER_KEY] }, /does not fit/],
    ['no signature', { signature: '' }, /does not fit/],
    ['a short signature', { signature: 'AAAA' }, /does not fit/],
    ['too many fields', { body: 'a=1&'.repeat(201) }, /more than 200 fields/],
  ])('is refused with %s', (_, change, fault) => {
    expect(faultOf(change)).toMatch(fault);
  });
});

it('the documentation lists every error code, category and meaning of the table', async () => {
  const text = await readFile('docs/providers/telnyx.md', 'utf8');

  const documented = [...text.matchAll(/^\| (\d+) \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);

  expect(documented).toEqual(
    Object.entries(TELNYX_ERROR_CODES).map(([code, { category, meaning }]) => [code, category, meaning]),
  );
});
