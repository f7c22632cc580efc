/** Answers to a caller who may not call now do not depend on the target. Otherwise they would show which ids exist. */
import { placeCall } from '../support/placed-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };
const NO_PHONE = { returnCode: 400, returnMsg: '用户未绑定手机号,请手动拨打010-56469588!' };
const NO_CALLEE = { returnCode: 400, returnMsg: '客服电话不存在,请联系管理员!' };
const PARAMETERS = { returnCode: 400, returnMsg: '呼叫请求的参数有误,请联系管理员!' };
const BUSY = { returnCode: 429, returnMsg: '您有正在进行的通话,请稍后再试!' };

/** The phone of every user of startTwoProviders. */
const CALLERS_PHONE = '13900001001';

/** One of each kind: can be called, no phone, does not exist, the caller's phone, no route, a route without an account. */
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

const repliesTo = (userId: string, paths: readonly string[] = [...TARGETS.map((id) => `call/${id}`), 'callService']) =>
  Promise.all(
    paths.map(async (path) => {
      const token = await telephony.service.token(userId);
      const response = await fetch(`${telephony.service.url}/v1/app/${path}?access_token=${token}`);
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, retryAfter, body: await response.json() };
    }),
  );
const all = (count: number, answer: object) => Array.from({ length: count }, () => answer);

it('a caller in a call gets the same answer for every target', async () => {
  const caller = await telephony.user('yuntongxun');
  const callSid = await placeCall(telephony.service, caller, '2013');

  expect(await repliesTo(caller)).toEqual(all(TARGETS.length + 1, { status: 429, retryAfter: '10', body: BUSY }));

  expect(await placeCall(telephony.service, caller, '2013')).toBe(callSid);
  await telephony.service.admin('PATCH', 'users/2013', { phone: null });
  expect(await placeCall(telephony.service, caller, '2013')).toBe(callSid);
  await telephony.service.ask(caller, `callCancel/${callSid}`);
  expect(telephony.yuntongxun.calls.dials).toHaveLength(1);
});

it('a caller without a phone gets the same answer for every target', async () => {
  expect(await repliesTo('1002')).toEqual(all(TARGETS.length + 1, { status: 200, retryAfter: null, body: NO_PHONE }));
});

it('a caller for whom no sub-account can be created gets the same answer for every target', async () => {
  const caller = await telephony.user();
  telephony.yuntongxun.replyInstead = (_, response) => response.writeHead(500).end();

  expect(await repliesTo(caller)).toEqual(all(TARGETS.length + 1, { status: 200, retryAfter: null, body: NO_ACCOUNT }));

  telephony.yuntongxun.replyInstead = null;
});

it('a caller who may call gets an answer that depends on the target', async () => {
  const caller = await telephony.user('yuntongxun');

  const received = await repliesTo(
    caller,
    TARGETS.slice(1).map((id) => `call/${id}`),
  );

  expect(received.map(({ body }) => body)).toEqual([NO_CALLEE, NO_CALLEE, PARAMETERS, PARAMETERS, NO_ACCOUNT]);
});
