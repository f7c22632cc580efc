/** Where SignalWire's dialect differs from Twilio: what is sent, and what the replies mean. */
import { readFile } from 'node:fs/promises';
import { SIGNALWIRE, SIGNALWIRE_ERROR_CODES } from '../../src/telephony/twilio/signalwire-dialect.js';
import { TwilioProvider, type TwilioOptions } from '../../src/telephony/twilio/twilio.provider.js';
import type { DialRequest } from '../../src/telephony/telephony-provider.js';
import { CALLER_NUMBER, PROJECT, PUBLIC_URL, SIGNING_KEY } from '../support/signalwire-call.js';
import { startSignalWireServer, uuids, type SignalWireServer } from '../support/signalwire-server.js';
import { noTimeout } from '../support/twilio-call.js';

let server: SignalWireServer;
let provider: TwilioProvider;

beforeEach(async () => {
  server = await startSignalWireServer({
    projectId: PROJECT.externalId,
    apiToken: PROJECT.secret,
    signingKey: SIGNING_KEY,
    callerNumbers: [CALLER_NUMBER],
    speed: 1,
    reach: () => 'http://127.0.0.1:9',
  });
  provider = new TwilioProvider(options());
});
afterEach(async () => {
  await provider.close();
  await server.close();
});

const options = (): TwilioOptions => ({
  dialect: SIGNALWIRE,
  accountSid: PROJECT.externalId,
  authToken: PROJECT.secret,
  signingKeys: [SIGNING_KEY],
  publicUrl: PUBLIC_URL,
  callerNumber: CALLER_NUMBER,
  ringCallerSeconds: 30,
  ringCalleeSeconds: 2,
  longestTalkSeconds: 3600,
  replyLimitMs: 2_000,
  apiUrl: server.url,
});

let placed = 0;
const dial = (script = '13', more: Partial<DialRequest> = {}) =>
  provider.dial(
    {
      callSid: `20260101${String(++placed).padStart(24, '0')}`,
      callerPhone: '+8613800001001',
      calleePhone: `+86138000020${script}`,
      subAccount: PROJECT,
      ...more,
    },
    noTimeout(),
  );

it('a dial is accepted with the ids of project and call', async () => {
  const outcome = await dial();

  const [sid = ''] = server.calls.keys();
  expect(outcome).toEqual({ kind: 'accepted', providerCallId: `${PROJECT.externalId}/${uuids(sid)}` });
});

it('a dial has no instructions for Twilio in its URLs, no credentials, and a ring time that SignalWire takes', async () => {
  await dial();

  const [form] = server.forms;
  expect(form!.get('StatusCallback')).toMatch(/^https:\/\/calls\.example\.com\/v1\/webhooks\/signalwire\?[^#]+$/);
  expect(form!.get('Twiml')).toContain('timeout="5"');
  expect(form!.toString()).not.toMatch(/%23rc|PT0123456789|PSK_/);
});

it('a callee hears SIGNALWIRE_WHISPER before the two are joined', async () => {
  const whisperUrl = 'https://example.signalwire.com/laml-bins/1';
  await provider.close();
  provider = new TwilioProvider({ ...options(), whisperUrl });

  await dial();

  expect([...server.calls.values()].map((call) => call.dial.whisperUrl)).toEqual([whisperUrl]);
});

it.each(Object.entries(SIGNALWIRE_ERROR_CODES).map(([code, row]) => [code, row.meaning, row.category] as const))(
  'a dial that is refused with %s, %s, is %s, in both forms of an error',
  async (code, _, category) => {
    const refusal = { kind: 'refused', category, code, text: 'what it says' };
    // The test server makes a list of it.
    server.answerNext(400, JSON.stringify({ code: Number(code), message: 'what it says', status: 400 }));
    expect(await dial()).toEqual(refusal);

    server.answerNext(422, JSON.stringify({ code: Number(code), message: 'what it says', status: 422 }));
    expect(await dial()).toEqual(refusal);
  },
);

it.each([
  ['another project', { externalId: '00000000-0000-4000-8000-000000000000', secret: 'PT' }],
  ['no token', { ...PROJECT, secret: '' }],
])('a dial with %s is refused, and nothing is sent', async (_, subAccount) => {
  expect(await dial('13', { subAccount })).toMatchObject({ category: 'bad_account', code: 'NO-SIGNALWIRE-ACCOUNT' });
  expect(server.forms).toEqual([]);
});

it('a record’s duration may be a number', async () => {
  const outcome = await dial();
  const providerCallId = outcome.kind === 'accepted' ? outcome.providerCallId : null;
  await provider.hangUp({ callSid: '1', providerCallId });

  const status = await provider.fetchStatus({ callSid: '1', providerCallId });

  expect(status).toMatchObject({
    kind: 'known',
    events: expect.arrayContaining([expect.objectContaining({ detail: expect.objectContaining({ seconds: 0 }) })]),
  });
});

it('a late order is understood by both of its codes', async () => {
  for (const code of [10000, 21220]) {
    const outcome = await dial();
    const providerCallId = outcome.kind === 'accepted' ? outcome.providerCallId : null;
    await provider.hangUp({ callSid: '1', providerCallId });
    server.answerNext(422, JSON.stringify({ code, message: 'too late', status: 422 }));

    expect(await provider.hangUp({ callSid: '1', providerCallId })).toEqual({ kind: 'gone' });
  }
});

it('the documentation lists every error code, category and meaning of the table', async () => {
  const text = await readFile('docs/providers/signalwire.md', 'utf8');

  const documented = [...text.matchAll(/^\| (\d+) \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);

  expect(documented).toEqual(
    Object.entries(SIGNALWIRE_ERROR_CODES).map(([code, { category, meaning }]) => [code, category, meaning]),
  );
});
