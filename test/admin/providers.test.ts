/** Providers and routes in the admin API, and the dry run of a call. */
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { MAIN } from '../support/twilio-call.js';
import { WEBHOOK_TOKEN } from '../support/yuntongxun-provider.js';

let telephony: TwoProviders;

beforeAll(async () => {
  telephony = await startTwoProviders({
    ROUTES: '+86=yuntongxun/twilio,US=twilio',
    TWILIO_CALLS_PER_SECOND: '1000',
    TWILIO_CALLS_AT_ONCE: '1',
  });
});
afterAll(() => telephony.close());

const get = async (path: string): Promise<{ status: number; text: string; body: Record<string, unknown> }> => {
  const response = await telephony.service.admin('GET', path);
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
};
const dryRun = async (callerId: string, phone: string) =>
  (await get(`dry-run?callerId=${callerId}&phone=${encodeURIComponent(phone)}`)).body;

const CHINESE = '+8613800002013';
const AMERICAN = '+14155550100';

describe('the providers', () => {
  it('are listed with their limits, their health and their settings, and no secret', async () => {
    const { text, body } = await get('providers');

    expect(body).toMatchObject({
      items: [
        {
          name: 'twilio',
          isReachable: true,
          isLeftAlone: false,
          openCalls: 0,
          limits: { callsPerSecond: 1000, callsAtOnce: 1 },
          makesSubAccounts: false,
          sharesAccount: false,
          settings: {
            TWILIO_ACCOUNT_SID: MAIN.externalId,
            TWILIO_AUTH_TOKEN: '(set)',
            TWILIO_URL: telephony.twilio.url,
          },
        },
        { name: 'yuntongxun', limits: { callsPerSecond: null, callsAtOnce: null } },
      ],
      routes: [
        { to: '+86', providers: ['yuntongxun', 'twilio'] },
        { to: 'US', providers: ['twilio'] },
      ],
    });
    for (const secret of [MAIN.secret, telephony.yuntongxun.authToken, WEBHOOK_TOKEN]) {
      expect(text).not.toContain(secret);
    }
  });

  it('are refused without the admin scope', async () => {
    for (const path of ['providers', 'dry-run?callerId=1001&calleeId=2000']) {
      const response = await fetch(`${telephony.service.url}/v1/admin/${path}`, {
        headers: { authorization: `Bearer ${await telephony.service.token('1001')}` },
      });
      expect(response.status).toBe(403);
    }
  });
});

describe('a dry run', () => {
  it('names the provider of the call and the one for fail-over, and places no call', async () => {
    const user = await telephony.user('yuntongxun', 'twilio');

    expect(await dryRun(user, '138 0000 2013')).toEqual({
      phone: CHINESE,
      route: '+86',
      carrier: 'yuntongxun',
      why: 'It would go by yuntongxun.',
      checks: expect.arrayContaining([{ rule: 'route', saw: '+86', said: 'allowed' }]) as unknown,
      providers: [
        { provider: 'yuntongxun', verdict: 'carries', why: 'The caller has a sub-account there.' },
        { provider: 'twilio', verdict: 'stands_in', why: 'The caller has a sub-account there.' },
      ],
    });
    expect(await telephony.service.database.query('select from call_records where caller_id = $1', [user])).toEqual([]);
  });

  it('skips a provider where the caller has no sub-account', async () => {
    expect(await dryRun(await telephony.user('twilio'), CHINESE)).toMatchObject({
      carrier: 'twilio',
      providers: [
        { provider: 'yuntongxun', verdict: 'passed_over', why: 'The caller has no sub-account there.' },
        { provider: 'twilio', verdict: 'carries' },
      ],
    });
  });

  it('uses the phone of a callee who is a user', async () => {
    const user = await telephony.user('yuntongxun');

    expect((await get(`dry-run?callerId=${user}&calleeId=2000`)).body).toMatchObject({ phone: '+8613800002000' });
  });

  it('counts open calls against the limit', async () => {
    const [talking, next] = [await telephony.user('twilio'), await telephony.user('twilio')];
    const placed = await telephony.service.ask(talking, 'call/2013');
    expect(placed).toMatchObject({ returnCode: 200 });

    expect(await dryRun(next, AMERICAN)).toMatchObject({
      route: 'US',
      carrier: null,
      why: 'None of the providers on the route can carry it at the moment.',
      providers: [{ verdict: 'passed_over', why: 'Its limit of concurrent calls is reached: 1 of 1.' }],
    });
    expect((await get('providers')).body).toMatchObject({ items: [{ openCalls: 1 }, { openCalls: 0 }] });
    expect(await telephony.service.ask(talking, `callCancel/${placed.data!.callSid!}`)).toMatchObject({
      returnCode: 200,
    });
  });

  it.each([
    [['yuntongxun'] as const, '+8613900001001', 'Caller and callee have the same phone.'],
    [['yuntongxun'] as const, '+442079460000', 'No route leads to this number, or not the one of the request.'],
    [['yuntongxun'] as const, AMERICAN, 'The caller has no account at a provider of the route.'],
    [[] as const, '+8613800002000', 'The caller has no account at any provider.'],
  ])('of a user with accounts at %j to %s gives the reason of the refusal', async (accounts, phone, why) => {
    const user = await telephony.user(...accounts);

    expect(await dryRun(user, phone)).toMatchObject({ carrier: null, why });
  });

  it.each(['1002', '999999'])('of %s, who has no phone, says so', async (callerId) => {
    expect(await dryRun(callerId, CHINESE)).toMatchObject({
      carrier: null,
      why: 'The caller has no phone, or is not known.',
      checks: [
        { rule: 'caller_freeze', saw: 'none', said: 'allowed' },
        { rule: 'caller_phone', saw: 'none', said: 'The caller has no phone, or is not known.' },
      ],
    });
  });

  it.each([
    ['callerId=1001'],
    ['calleeId=2000'],
    ['callerId=1001&calleeId=2000&phone=95588'],
    ['callerId=1001&calleeId=1001'],
    ['callerId=1001&phone=110'],
    ['callerId=0&calleeId=2000'],
    ['callerId=1001&calleeId=2000&colour=red'],
  ])('is refused for %s', async (query) => {
    expect(await get(`dry-run?${query}`)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
  });
});
