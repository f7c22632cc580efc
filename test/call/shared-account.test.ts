/** Users without a sub-account, with the setting that lets them share the service's account. */
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { MAIN } from '../support/twilio-call.js';

const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };

let telephony: TwoProviders;

const start = async (environment: Record<string, string>): Promise<void> => {
  telephony = await startTwoProviders({ ROUTES: '=twilio/yuntongxun', ...environment });
};
afterEach(() => telephony.close());

const callOf = async (userId: string): Promise<{ provider: string; subAccount: string }> => {
  const { data } = await telephony.service.ask(userId, 'call/2013');
  return (await (await telephony.service.admin('GET', `calls/${data!.callSid!}`)).json()) as never;
};

it('a user without a sub-account calls with the shared account, and a user with one calls with it', async () => {
  await start({ TWILIO_SHARES_ACCOUNT: 'true' });
  const [without, withOne] = [await telephony.user(), await telephony.user('twilio')];

  expect(await callOf(without)).toMatchObject({ provider: 'twilio', subAccount: MAIN.externalId });
  const own = await callOf(withOne);
  expect(own).toMatchObject({ provider: 'twilio' });
  expect(own.subAccount).not.toBe(MAIN.externalId);
});

it('without the setting, a user without a sub-account is refused with the contract’s error', async () => {
  await start({});
  const user = await telephony.user();

  expect(await telephony.service.ask(user, 'call/2013')).toEqual(NO_ACCOUNT);
  expect(telephony.twilio.calls.size).toBe(0);
});

it('a provider that does not share its account is skipped for one that does', async () => {
  await start({ ROUTES: '=yuntongxun/twilio', TWILIO_SHARES_ACCOUNT: 'true' });
  const user = await telephony.user();

  expect(await callOf(user)).toMatchObject({ provider: 'twilio', subAccount: MAIN.externalId });
});

it('the dry run and the list of providers show the shared account', async () => {
  await start({ TWILIO_SHARES_ACCOUNT: 'true' });
  const user = await telephony.user();

  const tried = await (await telephony.service.admin('GET', `dry-run?callerId=${user}&calleeId=2013`)).json();
  const { items } = (await (await telephony.service.admin('GET', 'providers')).json()) as { items: object[] };

  expect(tried).toMatchObject({
    carrier: 'twilio',
    providers: [
      {
        provider: 'twilio',
        why: 'The caller has no sub-account there, and would call under the account of the service.',
      },
      { provider: 'yuntongxun', why: 'The caller has no sub-account there.' },
    ],
  });
  expect(items).toMatchObject([
    { name: 'twilio', sharesAccount: true },
    { name: 'yuntongxun', sharesAccount: false },
  ]);
});
