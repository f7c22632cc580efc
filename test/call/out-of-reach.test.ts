/**
 * A provider that does not carry a number by its settings or its reach is passed over, and gets no request. If no provider is
 * left, the caller gets the reply of a bad number.
 */
import { shownCall, type ShownCall } from '../asterisk/pbx-service.js';
import { backend } from '../support/backend.js';
import { freePort } from '../support/free-port.js';
import { OTHER_CALLER_NUMBER } from '../support/twilio-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

const IN_CHINA = '+8613800002000';
const IN_HONG_KONG = '+85251234500';
const IN_AMERICA = '+14155552600';
const [IN_BRITAIN, ALSO_IN_BRITAIN] = ['+447400123400', '+447400123500'];
const IN_GERMANY = '+4915123456700';

const NOT_IN_CHINA = { provider: 'yuntongxun', category: 'not_permitted', code: 'RB-NOT-CHINA' };
const NO_RULE = { provider: 'asterisk', category: 'not_permitted', code: 'NO-RULE' };

let telephony: TwoProviders;

beforeAll(async () => {
  telephony = await startTwoProviders({
    // Nothing listens there: a dial that is sent is refused with another code.
    ASTERISK_URL: `http://127.0.0.1:${await freePort()}`,
    ASTERISK_PASSWORD: 'secret',
    ASTERISK_DIAL: '+86=PJSIP/{digits}@trunk',
    ASTERISK_SHARES_ACCOUNT: 'true',
    ROUTES:
      '955=twilio/yuntongxun,+86=yuntongxun/twilio,+1=yuntongxun/twilio,+44=asterisk/twilio,+49=asterisk,=asterisk/yuntongxun/twilio',
  });
});
afterAll(() => telephony.close());

const userAt = async (phone: string): Promise<string> => {
  const id = await telephony.user('yuntongxun', 'twilio');
  expect((await telephony.service.admin('PATCH', `users/${id}`, { phone })).status).toBe(200);
  return id;
};
const passedOver = ({ events }: ShownCall) =>
  events.filter(({ type }) => type === 'passed_over').map(({ detail }) => detail);
const requestsToYuntongxun = () => telephony.yuntongxun.requests.filter((one) => one.endsWith('Calls/Callback')).length;

it.each([
  ['容联 for a callee abroad', IN_CHINA, { callee: { phone: IN_AMERICA } }, [NOT_IN_CHINA]],
  ['Asterisk for a callee without a rule', IN_CHINA, { callee: { phone: IN_BRITAIN } }, [NO_RULE]],
  ['both for a caller abroad', IN_GERMANY, { callee: { phone: IN_HONG_KONG } }, [NO_RULE, NOT_IN_CHINA]],
  [
    '容联 for a shown number abroad',
    '+8613900001001',
    { callee: { phone: IN_CHINA }, shown: { toCallee: OTHER_CALLER_NUMBER } },
    [NOT_IN_CHINA],
  ],
])('passes over %s, and the next provider carries the call', async (_, callersPhone, order, refusals) => {
  const caller = { userId: await userAt(callersPhone) };
  const before = requestsToYuntongxun();

  const { status, body } = await backend(telephony.service).place({ caller, ...order });

  expect(status).toBe(201);
  const call = await shownCall(telephony.service, String(body.callSid));
  expect(call.provider).toBe('twilio');
  expect(passedOver(call)).toEqual(refusals.map((refusal) => expect.objectContaining(refusal) as unknown));
  expect(requestsToYuntongxun()).toBe(before);
});

it('passes over Twilio for a short number, and the next provider carries the call', async () => {
  const caller = { userId: await userAt('+8613900001001') };
  const before = telephony.twilio.forms.length;

  const { status, body } = await backend(telephony.service).place({ caller, callee: { phone: '95588' } });

  expect(status).toBe(201);
  const call = await shownCall(telephony.service, String(body.callSid));
  expect(call.provider).toBe('yuntongxun');
  expect(passedOver(call)).toEqual([
    expect.objectContaining({ provider: 'twilio', category: 'not_permitted', code: 'TWILIO-SHORT-NUMBER' }),
  ]);
  expect(telephony.twilio.forms).toHaveLength(before);
});

it('passes over Asterisk for a service line none of whose numbers has a rule, and the next provider hunts', async () => {
  const { service } = telephony;
  const phones = [{ phone: IN_BRITAIN }, { phone: ALSO_IN_BRITAIN }];
  const made = await service.admin('POST', 'service-lines', { name: 'abroad', open: true, position: 1, phones });
  const { id: serviceLine } = (await made.json()) as { id: string };
  const caller = { userId: await userAt(IN_CHINA) };

  const { status, body } = await backend(service).place({ caller, callee: { serviceLine } });

  expect(status).toBe(201);
  const call = await shownCall(telephony.service, String(body.callSid));
  expect(call).toMatchObject({ provider: 'twilio', huntedPhones: [IN_BRITAIN, ALSO_IN_BRITAIN] });
  expect(passedOver(call)).toEqual([expect.objectContaining(NO_RULE)]);
});

describe('without another provider,', () => {
  it.each([
    ['Asterisk has no rule', IN_GERMANY],
    ['容联 does not go abroad', IN_AMERICA],
  ])('an app gets the reply of a bad number if %s', async (_, phone) => {
    const caller = await telephony.user('yuntongxun');

    expect(await telephony.service.ask(caller, `call/${await userAt(phone)}`)).toEqual({
      returnCode: 400,
      returnMsg: '呼叫请求的参数有误,请联系管理员!',
    });
  });

  it('a backend gets 422, and the last change of the call has the code of the provider', async () => {
    const calls = backend(telephony.service);
    const caller = { userId: await telephony.user('yuntongxun') };

    const { status, body } = await calls.place({ caller, callee: { phone: IN_GERMANY } });

    expect({ status, code: body.code }).toEqual({ status: 422, code: 'CALL_NOT_PERMITTED' });
    const { body: seen } = await calls.ask('GET', `/${String(body.callSid)}/events?afterNumber=1`);
    expect(seen.changes).toMatchObject([{ type: 'call.over', data: { detail: { code: 'NO-RULE' } } }]);
  });
});
