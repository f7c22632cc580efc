/** A user without a sub-account, with the setting that creates one at the first call. */
import { endCall } from '../support/end-call.js';
import { startTestApp } from '../support/test-app.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { WEBHOOK_TOKEN } from '../support/yuntongxun-provider.js';

const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };

let telephony: TwoProviders;

const start = async (environment: Record<string, string> = {}): Promise<void> => {
  telephony = await startTwoProviders({ YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'true', ...environment });
};
afterEach(() => telephony.close());

const requestsTo = (path: string): number => telephony.yuntongxun.requests.filter((one) => one.endsWith(path)).length;

it('creates a sub-account, and places this call and the next with it', async () => {
  await start();
  const user = await telephony.user();

  const { data } = await telephony.service.ask(user, 'call/2013');
  await endCall(telephony.service, user, data!.callSid!);
  expect(await telephony.service.ask(user, 'call/2013')).toMatchObject({ returnCode: 200 });

  expect(requestsTo('/SubAccounts')).toBe(1);
  const account = await (await telephony.service.admin('GET', `users/${user}/sub-accounts/yuntongxun`)).json();
  const [first, second] = telephony.yuntongxun.calls.dials;
  expect(account).toEqual({ provider: 'yuntongxun', externalId: first!.subAccountSid });
  expect(second!.subAccountSid).toBe(first!.subAccountSid);
});

it('creates one sub-account for two concurrent calls', async () => {
  await start();
  const user = await telephony.user();

  const [one, other] = await Promise.all([
    telephony.service.ask(user, 'call/2013'),
    telephony.service.ask(user, 'call/2013'),
  ]);

  expect(one).toEqual(other);
  expect(telephony.yuntongxun.calls.dials).toHaveLength(1);
});

it('fails over to the next provider when the sub-account cannot be created', async () => {
  await start();
  const user = await telephony.user('twilio');
  telephony.yuntongxun.replyInstead = (_, response) =>
    response.writeHead(200).end('{"statusCode":"111142","statusMsg":"no funds"}');

  expect(await telephony.service.ask(user, 'call/2013')).toMatchObject({ returnCode: 200 });

  expect(telephony.twilio.calls.size).toBe(1);
});

it('answers that there is no sub-account when none can be created, and opens no call', async () => {
  await start();
  const user = await telephony.user();
  telephony.yuntongxun.replyInstead = (_, response) => response.writeHead(500).end();

  expect(await telephony.service.ask(user, 'call/2013')).toEqual(NO_ACCOUNT);

  expect(await telephony.service.database.query('select from call_records')).toEqual([]);
});

it('answers that there is no sub-account when the setting is off', async () => {
  await start({ YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'false' });

  expect(await telephony.service.ask(await telephony.user(), 'call/2013')).toEqual(NO_ACCOUNT);

  expect(requestsTo('/SubAccounts')).toBe(0);
});

/** A second replica, on the database and the provider of the first. */
const startReplica = () => {
  const { yuntongxun, service } = telephony;
  return startTestApp({
    databaseUrl: service.config.databaseUrl!,
    environment: {
      YUNTONGXUN_URL: yuntongxun.url,
      YUNTONGXUN_ACCOUNT_SID: yuntongxun.accountSid,
      YUNTONGXUN_AUTH_TOKEN: yuntongxun.authToken,
      YUNTONGXUN_APP_ID: yuntongxun.appId,
      YUNTONGXUN_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'true',
    },
  });
};

it('creates one sub-account for many concurrent taps on two replicas', async () => {
  await start();
  const replica = await startReplica();
  try {
    const user = await telephony.user();

    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, tap) => (tap % 2 ? replica : telephony.service).ask(user, 'call/2013')),
    );

    expect(new Set(replies.map(({ data }) => data?.callSid)).size).toBe(1);
    expect(replies[0]).toMatchObject({ returnCode: 200 });
    expect([requestsTo('/SubAccounts'), telephony.yuntongxun.calls.dials.length]).toEqual([1, 1]);
    expect(await telephony.service.database.query('select from sub_account_claim')).toEqual([]);
  } finally {
    await replica.close();
  }
});

it('sends the provider one request when creation fails for many concurrent taps on two replicas', async () => {
  await start({ ROUTES: '=yuntongxun' });
  const replica = await startReplica();
  try {
    const user = await telephony.user();
    telephony.yuntongxun.replyInstead = (_, response) => response.writeHead(500).end();

    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, tap) => (tap % 2 ? replica : telephony.service).ask(user, 'call/2013')),
    );

    expect(replies).toEqual(replies.map(() => NO_ACCOUNT));
    expect(requestsTo('/SubAccounts')).toBe(1);
  } finally {
    await replica.close();
  }
});

it.each([
  ['the process that claimed the creation has crashed', false],
  ['the last failure is old enough', true],
])('creates a sub-account when %s', async (_, failed) => {
  await start();
  const user = await telephony.user();
  await telephony.service.database.query(
    `insert into sub_account_claim (user_id, provider, claim, failed, free_at)
     values ($1, 'yuntongxun', gen_random_uuid(), $2, clock_timestamp() - interval '1 ms')`,
    [user, failed],
  );

  expect(await telephony.service.ask(user, 'call/2013')).toMatchObject({ returnCode: 200 });

  expect(requestsTo('/SubAccounts')).toBe(1);
});

it('waits for the process that creates the sub-account, and uses the one that it stores', async () => {
  await start();
  const user = await telephony.user();
  const { database } = telephony.service;
  await database.query(
    `insert into sub_account_claim (user_id, provider, claim, free_at)
     values ($1, 'yuntongxun', gen_random_uuid(), clock_timestamp() + interval '1 hour')`,
    [user],
  );

  const reply = telephony.service.ask(user, 'call/2013');
  const { status } = await telephony.service.admin(
    'PUT',
    `users/${user}/sub-accounts/yuntongxun`,
    telephony.yuntongxun.subAccount,
  );

  expect([status, await reply]).toEqual([201, expect.objectContaining({ returnCode: 200 })]);
  expect(requestsTo('/SubAccounts')).toBe(0);
  expect(telephony.yuntongxun.calls.dials[0]!.subAccountSid).toBe(telephony.yuntongxun.subAccount.externalId);
});
