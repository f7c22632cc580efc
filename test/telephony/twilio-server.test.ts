/** The test server is strict: otherwise the other tests would prove little. */
import { request } from 'undici';
import { dialOrder } from '../../src/telephony/twilio/dial-order.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import { ACCOUNTS, CALLER_NUMBER, MAIN, TENANT, twilioDial } from '../support/twilio-call.js';
import { signatureOf } from '../support/twilio-callbacks.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';
import { readHangUp } from '../support/twilio-twiml.js';

let server: TwilioServer;
beforeAll(async () => {
  server = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER],
    speed: 1,
    reach: () => `${server.url}/nowhere`,
  });
});
afterAll(() => {
  server.takeFaults();
  return server.close();
});

const plan = { callerNumber: CALLER_NUMBER, ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60 };
const TWIML = String(dialOrder(twilioDial('13'), plan, (source) => `https://x.example/${source}`, TWILIO).twiml);
const GOOD = { To: '+8613800001001', From: CALLER_NUMBER, Twiml: TWIML, Timeout: '30' };

const ask = async (
  fields: Record<string, string>,
  {
    path = `${TENANT.externalId}/Calls`,
    user = TENANT.externalId,
    token = TENANT.secret,
    type = 'application/x-www-form-urlencoded',
  } = {},
) => {
  const authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  const reply = await request(`${server.url}/2010-04-01/Accounts/${path}.json`, {
    method: 'POST',
    headers: { 'content-type': type, authorization },
    body: new URLSearchParams(fields).toString(),
  });
  const body = (await reply.body.json()) as { code?: number; status: unknown; sid?: string };
  return { status: reply.statusCode, code: body.code, sid: body.sid };
};

it('the test server accepts a valid order', async () => {
  expect(await ask(GOOD)).toMatchObject({ status: 201, sid: expect.stringMatching(/^CA[0-9a-f]{32}$/) });
});

it('the test server accepts the main account’s credentials for its sub-accounts, but not the other way round', async () => {
  expect(await ask(GOOD, { user: MAIN.externalId, token: MAIN.secret })).toMatchObject({ status: 201 });
  expect(await ask(GOOD, { path: `${MAIN.externalId}/Calls` })).toMatchObject({ status: 401, code: 20003 });
});

it.each([
  ['a wrong token', { token: 'x' }, 401, 20003],
  ['an unknown account', { user: MAIN.externalId, token: MAIN.secret, path: `AC${'f'.repeat(32)}/Calls` }, 404, 20404],
  ['an unknown path', { path: `${TENANT.externalId}/Messages` }, 404, 20404],
  ['a JSON body', { type: 'application/json' }, 415, 20001],
] as const)('the test server refuses a request with %s', async (_, how, status, code) => {
  expect(await ask(GOOD, how)).toMatchObject({ status, code });
});

it.each([
  ['no To', { To: '' }, 21201],
  ['no From', { From: '' }, 21213],
  ['no TwiML', { Twiml: '' }, 21205],
  ['a To that is not a number', { To: 'bob' }, 21211],
  ['a From that the account does not own', { From: '+15005550001' }, 21210],
  ['an unknown field', { Colour: 'red' }, 20001],
  ['an unknown event', { StatusCallbackEvent: 'initiated ringing' }, 21626],
  ['a time-out that is too long', { Timeout: '601' }, 20001],
  ['an unknown machine detection', { MachineDetection: 'true' }, 20001],
  ['a callback that is not a URL', { StatusCallback: 'x' }, 21205],
  ['TwiML that is not closed', { Twiml: TWIML.replace('</Dial>', '') }, 12100],
  ['TwiML with an unknown attribute', { Twiml: TWIML.replace('timeLimit', 'limit') }, 12100],
  ['TwiML with a verb that we never send', { Twiml: '<Response><Reject/></Response>' }, 12100],
  ['TwiML with an unknown event', { Twiml: TWIML.replace('ringing answered', 'begun') }, 12100],
  ['TwiML that is too long', { Twiml: TWIML.replace('/dial', `/${'x'.repeat(4000)}`) }, 21205],
  ['a caller id that the account does not own', { Twiml: TWIML.replace(CALLER_NUMBER, '+15005550001') }, 13214],
])('the test server refuses a request with %s', async (_, fields, code) => {
  expect(await ask({ ...GOOD, ...fields })).toMatchObject({ status: 400, code });
});

it('the test server changes only the status of a call, and only while the call is live', async () => {
  const { sid = '' } = await ask(GOOD);
  const update = (fields: Record<string, string>) => ask(fields, { path: `${TENANT.externalId}/Calls/${sid}` });

  expect(await update({ Status: 'busy' })).toMatchObject({ code: 20001 });
  expect(await update({ Status: 'completed', Url: 'https://x.example' })).toMatchObject({ code: 20001 });
  expect(await update({ Status: 'canceled' })).toMatchObject({ status: 200 });
  expect(await update({ Status: 'canceled' })).toMatchObject({ status: 400, code: 21220 });
  expect(await update({ Status: 'completed' })).toMatchObject({ status: 400, code: 21220 });
});

it('the test server requires TwiML as the answer to a Dial’s callback', () => {
  expect(() => readHangUp('<Response><Hangup/></Response>')).not.toThrow();
  expect(() => readHangUp('<Response><Say>bye</Say></Response>')).toThrow();
  expect(() => readHangUp('')).toThrow();
});

it('the signature equals the example in Twilio’s documentation', () => {
  const fields = {
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675310',
    Digits: '1234',
    From: '+14158675310',
    To: '+18005551212',
  };

  expect(signatureOf('12345', 'https://example.com/myapp.php?foo=1&bar=2', fields)).toBe(
    'L/OH5YylLD5NRKLltdqwSvS0BnU=',
  );
});
