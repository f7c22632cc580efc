/** A provider refuses a dial by its own policy: the caller's answer, and the record. */
import { collectedLog } from '../support/collected-log.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

const TOO_OFTEN = '160022';
const NOT_REGISTERED = '113302';

let telephony: TwoProviders;
const log = collectedLog();

beforeAll(async () => {
  telephony = await startTwoProviders({ ROUTES: '=yuntongxun', LOG_LEVEL: 'info' }, undefined, log.stream);
});
afterEach(() => {
  telephony.yuntongxun.replyInstead = null;
});
afterAll(() => telephony.close());

const refuses = (code: string): void => {
  telephony.yuntongxun.replyInstead = (_, response) =>
    response.writeHead(200).end(JSON.stringify({ statusCode: code, statusMsg: '【账号】说不' }));
};
const ask = async (user: string, path: string) => {
  const { service } = telephony;
  const response = await fetch(`${service.url}/v1/app/${path}?access_token=${await service.token(user)}`);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: await response.text(),
    id: response.headers.get('x-request-id'),
    name: response.headers.get('x-ringback-error'),
  };
};

it.each([
  [
    'is called too often',
    TOO_OFTEN,
    {
      status: 429,
      retryAfter: '60',
      body: '{"returnCode":429,"returnMsg":"呼叫过于频繁,请稍后再试!"}',
      name: 'TOO_MANY_CALLS',
    },
  ],
  [
    'is not registered',
    NOT_REGISTERED,
    {
      ...{ status: 200, retryAfter: null, name: 'BAD_CALL_PARAMETERS' },
      body: '{"returnCode":400,"returnMsg":"呼叫请求的参数有误,请联系管理员!"}',
    },
  ],
])('a refusal because the number %s is not logged or answered as a system error', async (_, code, expected) => {
  const user = await telephony.user('yuntongxun');
  refuses(code);

  const answer = await ask(user, 'call/2000');

  expect(answer).toMatchObject(expected);
  const lines = log.lines().filter(({ requestId }) => requestId === answer.id);
  expect(lines.map(({ msg }) => msg)).not.toContain('request failed');
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'the provider refused a dial' }));
});

it.each([TOO_OFTEN, NOT_REGISTERED])(
  'the record of a call refused with %s is over and has the reason, and its caller may call again',
  async (code) => {
    const user = await telephony.user('yuntongxun');
    refuses(code);
    await ask(user, 'call/2000');

    const found = await telephony.service.admin('GET', `calls?userId=${user}`);
    const { items } = (await found.json()) as { items: { callSid: string }[] };
    expect(items).toMatchObject([{ stateType: '4', endReason: 'failed' }]);
    const call = (await (await telephony.service.admin('GET', `calls/${items[0]!.callSid}`)).json()) as {
      events: { type: string; detail: unknown }[];
    };
    const category = code === TOO_OFTEN ? 'too_frequent' : 'not_permitted';
    expect(call.events.at(-1)).toMatchObject({ type: 'refused', detail: { category, code, text: '【账号】说不' } });

    telephony.yuntongxun.replyInstead = null;
    expect(await ask(user, 'call/2013')).toMatchObject({ status: 200, body: expect.stringContaining('"callSid"') });
  },
);

it('callService answers a refusal in the same way', async () => {
  const user = await telephony.user('yuntongxun');
  refuses(TOO_OFTEN);

  expect(await ask(user, 'callService')).toMatchObject({ status: 429, retryAfter: '60' });
});
