/** Two providers on a route: which of them carries a call, and what the record says about the other. */
import type { ServerResponse } from 'node:http';
import { FAILURES_IN_A_ROW } from '../../src/telephony/provider-circuit.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };
const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };
const PARAMETERS = { returnCode: 400, returnMsg: '呼叫请求的参数有误,请联系管理员!' };
const PLACED = { data: { callSid: expect.stringMatching(/^\d{32}$/) }, returnCode: 200, returnMsg: 'success' };

const NO_FUNDS = '111142';
const TOO_MANY_REQUESTS = '111111';
const TOO_OFTEN = '160022';
const NOT_REGISTERED = '113302';
const PLATFORM_FAILED = '111000';
const APP_PAUSED = '111181';

interface ShownCall {
  readonly provider: string;
  readonly subAccount: string;
  readonly stateType: string;
  readonly endReason: string | null;
  readonly events: readonly { readonly type: string; readonly provider: string; readonly detail: unknown }[];
}

let telephony: TwoProviders;

beforeAll(async () => {
  telephony = await startTwoProviders();
});
afterEach(() => {
  telephony.yuntongxun.replyInstead = null;
});
let withTwilioFirst: TwoProviders | undefined;
const twilioFirst = async (): Promise<TwoProviders> =>
  (withTwilioFirst ??= await startTwoProviders({ ROUTES: '=twilio/yuntongxun' }));

afterAll(async () => {
  await telephony.close();
  await withTwilioFirst?.close();
});

const repliesWith = (code: string): ((request: unknown, response: ServerResponse) => void) => {
  return (_, response) => response.writeHead(200).end(JSON.stringify({ statusCode: code, statusMsg: '【账号】说不' }));
};
const lastCallOf = async (userId: string): Promise<ShownCall> => {
  const found = await telephony.service.admin('GET', `calls?userId=${userId}&limit=1`);
  const { items } = (await found.json()) as { items: { callSid: string }[] };
  return (await (await telephony.service.admin('GET', `calls/${items[0]!.callSid}`)).json()) as ShownCall;
};
const endedCallOf = (userId: string): Promise<ShownCall> =>
  waitFor('the call to end', async () => {
    const shown = await lastCallOf(userId);
    return shown.stateType === '4' && shown;
  });
const dialsAt = ({ yuntongxun, twilio }: TwoProviders) => ({
  yuntongxun: yuntongxun.requests.filter((request) => request.endsWith('Calls/Callback')).length,
  twilio: twilio.requests.filter((request) => /^POST .*\/Calls\.json$/.test(request)).length,
});
/** How many dials each provider received during an action. */
const during = async (act: () => Promise<unknown>) => {
  const before = dialsAt(telephony);
  await act();
  const after = dialsAt(telephony);
  return { yuntongxun: after.yuntongxun - before.yuntongxun, twilio: after.twilio - before.twilio };
};

it('dials at the first provider on the route, and sends nothing to the second', async () => {
  const user = await telephony.user('yuntongxun', 'twilio');

  expect(
    await during(async () => {
      expect(await telephony.service.ask(user, 'call/2000')).toEqual(PLACED);
    }),
  ).toEqual({ yuntongxun: 1, twilio: 0 });

  const call = await endedCallOf(user);
  expect(call).toMatchObject({ provider: 'yuntongxun', endReason: 'completed' });
  expect(call.events.map(({ type }) => type)).not.toContain('passed_over');
});

it.each([
  ['has no funds', () => repliesWith(NO_FUNDS), 'no_funds', NO_FUNDS],
  ['limits the rate', () => repliesWith(TOO_MANY_REQUESTS), 'rate_limited', TOO_MANY_REQUESTS],
  ['says that the number is called too often', () => repliesWith(TOO_OFTEN), 'too_frequent', TOO_OFTEN],
  ['calls only registered numbers', () => repliesWith(NOT_REGISTERED), 'not_permitted', NOT_REGISTERED],
])(
  'fails over to the second provider when the first %s, and the call completes there',
  async (_, reply, category, code) => {
    const user = await telephony.user('yuntongxun', 'twilio');
    telephony.yuntongxun.replyInstead = reply();

    expect(
      await during(async () => {
        expect(await telephony.service.ask(user, 'call/2000')).toEqual(PLACED);
      }),
    ).toEqual({ yuntongxun: 1, twilio: 1 });

    const call = await endedCallOf(user);
    expect(call).toMatchObject({
      provider: 'twilio',
      subAccount: expect.stringMatching(/^AC/),
      endReason: 'completed',
    });
    const own = call.events.filter(({ provider }) => provider === 'ringback');
    expect(own.map(({ type }) => type)).toEqual(['requested', 'passed_over', 'accepted']);
    expect(own[1]!.detail).toEqual({ provider: 'yuntongxun', category, code, text: '【账号】说不', next: 'twilio' });
  },
);

it.each([
  [401, 20005],
  [403, 10001],
  [401, 90010],
  [403, 20403],
  [401, 20006],
  [401, 20003],
])(
  'fails over from Twilio to the next provider when Twilio refuses with HTTP %i and code %i, an account error',
  async (...error) => {
    const own = await twilioFirst();
    const user = await own.user('yuntongxun', 'twilio');
    const [status, code] = error;
    own.twilio.answerNext(
      status,
      JSON.stringify({ code, message: 'No', more_info: 'https://www.twilio.com/docs', status }),
    );

    expect(await own.service.ask(user, 'call/2013')).toEqual(PLACED);

    const [call] = await own.service.database.query<[{ provider: string }]>(
      'select provider from call_records where caller_id = $1',
      [user],
    );
    expect(call.provider).toBe('yuntongxun');
  },
);

it('cancels a call at the provider that it failed over to', async () => {
  const user = await telephony.user('yuntongxun', 'twilio');
  telephony.yuntongxun.replyInstead = repliesWith(NO_FUNDS);
  const { data } = await telephony.service.ask(user, 'call/2013');

  expect(await telephony.service.ask(user, `callCancel/${data!.callSid!}`)).toMatchObject({ returnCode: 200 });

  expect(await lastCallOf(user)).toMatchObject({ provider: 'twilio', stateType: '4' });
  expect(telephony.twilio.requests.at(-1)).toMatch(/^POST .*\/Calls\/CA/);
});

it.each([
  ['fails after phones may have rung', PLATFORM_FAILED, SYSTEM],
  ['refuses with a code that does not allow fail-over', APP_PAUSED, SYSTEM],
])('does not fail over when the first provider %s', async (_, code, answer) => {
  const user = await telephony.user('yuntongxun', 'twilio');
  telephony.yuntongxun.replyInstead = repliesWith(code);

  expect(
    await during(async () => {
      expect(await telephony.service.ask(user, 'call/2000')).toEqual(answer);
    }),
  ).toEqual({ yuntongxun: 1, twilio: 0 });

  expect(await lastCallOf(user)).toMatchObject({ provider: 'yuntongxun' });
});

it('answers with the error of the last provider when all refuse, and the record has an event for each', async () => {
  const user = await telephony.user('yuntongxun', 'twilio');
  telephony.yuntongxun.replyInstead = repliesWith(NO_FUNDS);

  expect(await telephony.service.ask(user, 'call/2006')).toEqual(PARAMETERS);

  const { events, endReason } = await lastCallOf(user);
  expect(endReason).toBe('failed');
  expect(events.map(({ type }) => type)).toEqual(['requested', 'passed_over', 'refused']);
});

it.each([
  [['twilio'], { yuntongxun: 0, twilio: 1 }, PLACED],
  [[], { yuntongxun: 0, twilio: 0 }, NO_ACCOUNT],
] as const)('dials only at providers where the caller has a sub-account: %j', async (accounts, dials, answer) => {
  const user = await telephony.user(...accounts);

  expect(
    await during(async () => {
      expect(await telephony.service.ask(user, 'call/2013')).toEqual(answer);
    }),
  ).toEqual(dials);
});

describe('a first provider that is down', () => {
  it('gets no more dials once its circuit is open, and every call fails over at once', async () => {
    const own = await startTwoProviders();
    try {
      await own.yuntongxun.close();
      for (let call = 0; call < FAILURES_IN_A_ROW + 5; call++) {
        const user = await own.user('yuntongxun', 'twilio');
        expect(await own.service.ask(user, 'call/2013')).toEqual(PLACED);
      }

      const [found] = await own.service.database.query<[{ codes: string[] }]>(
        `select array_agg(detail ->> 'code' order by received_at) as codes from call_events where type = 'passed_over'`,
      );
      const { codes } = found;
      expect(codes.slice(0, FAILURES_IN_A_ROW)).toEqual(Array(FAILURES_IN_A_ROW).fill('RB-UNREACHED'));
      expect(codes).toHaveLength(FAILURES_IN_A_ROW + 5);
      expect(codes.slice(FAILURES_IN_A_ROW)).toContain('NOT-ASKED');
    } finally {
      await own.close();
    }
  });
});

describe('a service line with several phones', () => {
  const BUSY = '13800002001';
  const ANSWERS = '13800002000';
  const newLine = async (): Promise<void> => {
    const { service } = telephony;
    await service.database.query('update service_line set open = false');
    const line = { name: 'line', open: true, position: 1, phones: [{ phone: BUSY }, { phone: ANSWERS }] };
    expect((await service.admin('POST', 'service-lines', line)).status).toBe(201);
  };

  it('is one number for a provider that tries no second one', async () => {
    await newLine();
    const user = await telephony.user('yuntongxun');

    await telephony.service.ask(user, 'callService');

    const call = await endedCallOf(user);
    expect(call).toMatchObject({ provider: 'yuntongxun', huntedPhones: null, calleePhone: `+86${BUSY}` });
    expect(call.events.map(({ type }) => type)).not.toContain('leg_ended');
  });

  it('is tried number by number by the provider that takes its place', async () => {
    await newLine();
    telephony.yuntongxun.replyInstead = repliesWith(NO_FUNDS);
    const user = await telephony.user('yuntongxun', 'twilio');

    await telephony.service.ask(user, 'callService');

    const call = await endedCallOf(user);
    expect(call).toMatchObject({
      ...{ provider: 'twilio', endReason: 'completed', calleePhone: `+86${ANSWERS}` },
      huntedPhones: [`+86${BUSY}`, `+86${ANSWERS}`],
    });
    expect(call.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['passed_over', 'leg_ended']) as unknown,
    );
  });
});
