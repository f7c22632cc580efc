/** A user without a sub-account, where the operator has one made at the first call. */
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };

let telephony: TwoProviders;

const start = async (environment: Record<string, string> = {}): Promise<void> => {
  telephony = await startTwoProviders({ YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'true', ...environment });
};
afterEach(() => telephony.close());

const askedFor = (path: string): number => telephony.yuntongxun.requests.filter((one) => one.endsWith(path)).length;

it('is given one, under which this call and the next are placed', async () => {
  await start();
  const user = await telephony.user();

  const { data } = await telephony.service.ask(user, 'call/2013');
  await telephony.service.ask(user, `callCancel/${data!.callSid!}`);
  expect(await telephony.service.ask(user, 'call/2013')).toMatchObject({ returnCode: 200 });

  expect(askedFor('/SubAccounts')).toBe(1);
  const account = await (await telephony.service.admin('GET', `users/${user}/sub-accounts/yuntongxun`)).json();
  const [first, second] = telephony.yuntongxun.calls.dials;
  expect(account).toEqual({ provider: 'yuntongxun', externalId: first!.subAccountSid });
  expect(second!.subAccountSid).toBe(first!.subAccountSid);
});

it('is given one and the same by two calls at one instant', async () => {
  await start();
  const user = await telephony.user();

  const [one, other] = await Promise.all([
    telephony.service.ask(user, 'call/2013'),
    telephony.service.ask(user, 'call/2013'),
  ]);

  expect(one).toEqual(other);
  expect(telephony.yuntongxun.calls.dials).toHaveLength(1);
});

it('goes by the next provider where none can be made', async () => {
  await start();
  const user = await telephony.user('twilio');
  telephony.yuntongxun.replyInstead = (_, response) =>
    response.writeHead(200).end('{"statusCode":"111142","statusMsg":"no funds"}');

  expect(await telephony.service.ask(user, 'call/2013')).toMatchObject({ returnCode: 200 });

  expect(telephony.twilio.calls.size).toBe(1);
});

it('is told that there is none where none can be made, and no record is begun', async () => {
  await start();
  const user = await telephony.user();
  telephony.yuntongxun.replyInstead = (_, response) => response.writeHead(500).end();

  expect(await telephony.service.ask(user, 'call/2013')).toEqual(NO_ACCOUNT);

  expect(await telephony.service.database.query('select from call_record')).toEqual([]);
});

it('is told that there is none where the operator has not asked for that', async () => {
  await start({ YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'false' });

  expect(await telephony.service.ask(await telephony.user(), 'call/2013')).toEqual(NO_ACCOUNT);

  expect(askedFor('/SubAccounts')).toBe(0);
});
