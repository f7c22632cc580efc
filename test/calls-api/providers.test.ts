/** The provider of a backend's call, its account, its terms, and the answers to its refusals. */
import type { ServerResponse } from 'node:http';
import { backend, newPhone, type Backend } from '../support/backend.js';
import { MAIN, OTHER_CALLER_NUMBER, SHOWN_NUMBERS, TENANT } from '../support/twilio-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

let telephony: TwoProviders;
let calls: Backend;

beforeAll(async () => {
  telephony = await startTwoProviders({ RECORD_CALLS: 'true', TWILIO_CALLEE_MACHINE_DETECTION: 'Enable' });
  calls = backend(telephony.service);
});
afterEach(() => {
  telephony.yuntongxun.replyInstead = null;
});
afterAll(() => telephony.close());

const phones = (script = '13') => ({ caller: { phone: newPhone() }, callee: { phone: newPhone(script) } });
/** The form of the dial at Twilio. */
const formOf = (callee: string): URLSearchParams =>
  telephony.twilio.forms.find((form) => form.get('Twiml')?.includes(callee))!;
const repliesWith = (code: string): ((request: unknown, response: ServerResponse) => void) => {
  return (_, response) => response.writeHead(200).end(JSON.stringify({ statusCode: code, statusMsg: '【账号】说不' }));
};

describe('a call from a phone number', () => {
  it('uses the first provider on the route that has a main account, and skips providers without one', async () => {
    const before = telephony.yuntongxun.requests.length;

    const { status, body: call } = await calls.place(phones());

    expect({ status, provider: call.provider }).toEqual({ status: 201, provider: 'twilio' });
    const record = await (await telephony.service.admin('GET', `calls/${String(call.callSid)}`)).json();
    expect(record).toMatchObject({ subAccount: MAIN.externalId, provider: 'twilio' });
    await waitFor('the talk', async () => (await calls.ask('GET', `/${String(call.callSid)}`)).body.stateType === '3');
    const requests = telephony.yuntongxun.requests.slice(before);
    expect(requests.filter((request) => request.endsWith('Calls/Callback'))).toEqual([]);
  });

  it('is refused when the named provider has no main account', async () => {
    expect(await calls.place({ ...phones(), provider: 'yuntongxun' })).toMatchObject({
      status: 422,
      body: { code: 'NO_PROVIDER_ACCOUNT' },
    });
  });
});

describe('a request that names a provider', () => {
  it('uses that provider, with the user’s sub-account', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');

    const { body } = await calls.place({ ...phones(), caller: { userId }, provider: 'twilio' });

    const record = await (await telephony.service.admin('GET', `calls/${String(body.callSid)}`)).json();
    expect(record).toMatchObject({ provider: 'twilio', subAccount: TENANT.externalId });
  });

  it('does not fail over when that provider refuses', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');
    telephony.yuntongxun.replyInstead = repliesWith('111142');

    const { status, body } = await calls.place({ ...phones(), caller: { userId }, provider: 'yuntongxun' });

    expect({ status, code: body.code }).toEqual({ status: 503, code: 'PROVIDER_UNAVAILABLE' });
  });
});

describe('the terms of a call', () => {
  it('from the request are sent to the provider instead of the settings', async () => {
    const body = phones();

    const { status } = await calls.place({
      ...body,
      record: false,
      limits: { ringCaller: 11, ringCallee: 12, longestTalk: 13 },
    });

    expect(status).toBe(201);
    const form = formOf(body.callee.phone);
    expect(form.get('Timeout')).toBe('11');
    expect(form.get('Twiml')).toMatch(/<Dial [^>]*timeout="12" timeLimit="13"/);
    expect(form.get('Twiml')).not.toContain('record=');
  });

  it('have the numbers that the phones show, in the form of the provider', async () => {
    const body = phones();
    const userId = await telephony.user('yuntongxun');

    const byTwilio = await calls.place({
      ...body,
      shown: { toCaller: SHOWN_NUMBERS[0], toCallee: OTHER_CALLER_NUMBER },
    });
    const byYuntongxun = await calls.place({
      ...phones(),
      caller: { userId },
      provider: 'yuntongxun',
      shown: { toCaller: '010 5646 9588', toCallee: '+86 10 5646 9588' },
    });

    expect([byTwilio.status, byYuntongxun.status]).toEqual([201, 201]);
    const form = formOf(body.callee.phone);
    expect(form.get('From')).toBe(SHOWN_NUMBERS[0]);
    expect(form.get('Twiml')).toContain(`callerId="${OTHER_CALLER_NUMBER}"`);
    expect(telephony.yuntongxun.calls.dials.at(-1)?.fields).toMatchObject({
      customerSerNum: '01056469588',
      fromSerNum: '01056469588',
    });
    const bundle = await telephony.service.admin('GET', `calls/${String(byTwilio.body.callSid)}/bundle`);
    const text = await bundle.text();
    for (const number of [SHOWN_NUMBERS[0], OTHER_CALLER_NUMBER]) expect(text).not.toContain(number.slice(1));
  });

  it('are refused with a shown number that is no phone number, or that the provider cannot show', async () => {
    const userId = await telephony.user('yuntongxun');
    const to = (toCallee: string) => calls.place({ ...phones(), caller: { userId }, shown: { toCallee } });

    const malformed = await to('none');
    const foreign = await to('+44 20 7946 0000');

    expect(malformed).toMatchObject({ status: 400, body: { errors: [{ where: '/shown/toCallee' }] } });
    expect(foreign).toMatchObject({ status: 422, body: { code: 'CALL_NOT_PERMITTED' } });
  });

  it('come from the settings when the request has none', async () => {
    const body = phones();

    await calls.place(body);

    const form = formOf(body.callee.phone);
    expect(form.get('Timeout')).toBe('45');
    expect(form.get('Twiml')).toMatch(/timeout="60" timeLimit="14400".* record="record-from-answer-dual"/);
  });
});

it('a talk with the callee’s voicemail is told apart in the timeline, where the provider detects it', async () => {
  const { body } = await calls.place(phones('14'));

  const { events, ...call } = await waitFor('the end', async () => {
    const found = await telephony.service.admin('GET', `calls/${String(body.callSid)}`);
    const shown = (await found.json()) as { stateType: string; events: { type: string; detail: object | null }[] };
    return shown.stateType === '4' && shown;
  });

  expect(call).toMatchObject({ endReason: 'completed' });
  expect(events.filter(({ type }) => type === 'answered').map(({ detail }) => detail)).toContainEqual({
    leg: 'B',
    answeredBy: 'machine_start',
  });
});

describe('a refusal of the provider', () => {
  it.each([
    ['a number that is not registered', '113302', 422, 'CALL_NOT_PERMITTED', null],
    ['a number that is called too often', '160022', 429, 'RATE_LIMITED', '60'],
    ['too many requests', '111111', 429, 'RATE_LIMITED', '5'],
    ['an account that is paused', '111181', 503, 'PROVIDER_UNAVAILABLE', '10'],
  ])('is answered with its own status and code: %s', async (_, code, status, name, retryAfter) => {
    const userId = await telephony.user('yuntongxun');
    telephony.yuntongxun.replyInstead = repliesWith(code);

    const answer = await calls.place({ ...phones(), caller: { userId } });

    expect({ status: answer.status, code: answer.body.code, retryAfter: answer.headers.get('retry-after') }).toEqual({
      status,
      code: name,
      retryAfter,
    });
    expect(JSON.stringify(answer.body)).not.toContain('说不');
  });

  it('of a cancel does not change the call, and the next cancel can succeed', async () => {
    const userId = await telephony.user('yuntongxun');
    const { body } = await calls.place({ ...phones(), caller: { userId } });
    const path = `/${String(body.callSid)}`;
    telephony.yuntongxun.replyInstead = repliesWith('111181');

    const refused = await calls.ask('POST', `${path}/cancel`);
    telephony.yuntongxun.replyInstead = null;
    const accepted = await calls.ask('POST', `${path}/cancel`);

    expect(refused).toMatchObject({ status: 409, body: { code: 'CANCEL_REFUSED' } });
    expect(accepted).toMatchObject({ status: 200, body: { outcome: 'canceled' } });
  });
});
