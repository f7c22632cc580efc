/** Answers to a caller who may not call, or not now, do not depend on the target: they would tell which ids exist. */
import { placeCall } from '../support/placed-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };
const NO_PHONE = { returnCode: 400, returnMsg: '用户未绑定手机号,请手动拨打010-56469588!' };
const NO_CALLEE = { returnCode: 400, returnMsg: '客服电话不存在,请联系管理员!' };
const PARAMETERS = { returnCode: 400, returnMsg: '呼叫请求的参数有误,请联系管理员!' };
const BUSY = { returnCode: 429, returnMsg: '您有正在进行的通话,请稍后再试!' };

/** As every user of startTwoProviders has it. */
const CALLERS_PHONE = '13900001001';

/** One of each kind: can be called, has no phone, does not exist, has the caller's phone, no route, a route without an account. */
const TARGETS = ['2001', '2100', '987654321', '6001', '6002', '6003'];

let telephony: TwoProviders;

beforeAll(async () => {
  telephony = await startTwoProviders({ ROUTES: '+86=yuntongxun,+1=twilio', YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'true' });
  const { status } = await telephony.service.admin('PUT', 'users', {
    users: [
      { id: '6001', name: 'The same phone', phone: CALLERS_PHONE },
      { id: '6002', name: 'No route', phone: '+442079460000' },
      { id: '6003', name: 'A route without an account', phone: '+14155550100' },
    ],
  });
  expect(status).toBe(200);
});
afterAll(() => telephony.close());

const answers = (userId: string, paths: readonly string[] = [...TARGETS.map((id) => `call/${id}`), 'callService']) =>
  Promise.all(
    paths.map(async (path) => {
      const token = await telephony.service.token(userId);
      const response = await fetch(`${telephony.service.url}/v1/app/${path}?access_token=${token}`);
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, retryAfter, body: await response.json() };
    }),
  );
const all = (count: number, answer: object) => Array.from({ length: count }, () => answer);

it('a caller who is in a call is told so, whoever the target is', async () => {
  const caller = await telephony.user('yuntongxun');
  const callSid = await placeCall(telephony.service, caller, '2013');

  expect(await answers(caller)).toEqual(all(TARGETS.length + 1, { status: 429, retryAfter: '10', body: BUSY }));

  expect(await placeCall(telephony.service, caller, '2013')).toBe(callSid);
  await telephony.service.admin('PATCH', 'users/2013', { phone: null });
  expect(await placeCall(telephony.service, caller, '2013')).toBe(callSid);
  await telephony.service.ask(caller, `callCancel/${callSid}`);
  expect(telephony.yuntongxun.calls.dials).toHaveLength(1);
});

it('a caller without a phone is told so, whoever the target is', async () => {
  expect(await answers('1002')).toEqual(all(TARGETS.length + 1, { status: 200, retryAfter: null, body: NO_PHONE }));
});

it('a caller who has no sub-account and can be given none is told so, whoever the target is', async () => {
  const caller = await telephony.user();
  telephony.yuntongxun.replyInstead = (_, response) => response.writeHead(500).end();

  expect(await answers(caller)).toEqual(all(TARGETS.length + 1, { status: 200, retryAfter: null, body: NO_ACCOUNT }));

  telephony.yuntongxun.replyInstead = null;
});

it('a caller who may call is told about the target', async () => {
  const caller = await telephony.user('yuntongxun');

  const told = await answers(
    caller,
    TARGETS.slice(1).map((id) => `call/${id}`),
  );

  expect(told.map(({ body }) => body)).toEqual([NO_CALLEE, NO_CALLEE, PARAMETERS, PARAMETERS, NO_ACCOUNT]);
});
