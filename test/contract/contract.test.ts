/**
 * The contract of 2016 over real HTTP. Its strings are repeated here as literals and must not change: a table that is
 * compared with itself proves nothing.
 */
import { createHmac } from 'node:crypto';
import { request } from 'undici';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { publishStep } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';

const PARAMETERS = { returnCode: 400, returnMsg: '呼叫请求的参数有误,请联系管理员!' };
const NO_PHONE = { returnCode: 400, returnMsg: '用户未绑定手机号,请手动拨打010-56469588!' };
const NO_CALLEE = { returnCode: 400, returnMsg: '客服电话不存在,请联系管理员!' };
const NO_ACCOUNT = { returnCode: 400, returnMsg: '无通讯子账户,请联系管理员!' };
const NOT_YOURS = { returnCode: 400, returnMsg: '用户信息有误!' };
const NOT_CANCELED = { returnCode: 400, returnMsg: '取消呼叫失败!' };
const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };
const BUSY = { returnCode: 429, returnMsg: '您有正在进行的通话,请稍后再试!' };
const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { DIAL_TIMEOUT: '0.3', SIMULATOR_SPEED: '20' } });
});
afterAll(() => service.close());

/** A new caller for each call, so that tests do not share calls. */
let nextCaller = 1004;
const caller = (): string => String(nextCaller++);

const placed = async (userId: string, path: string): Promise<string> => {
  const { data } = await service.ask(userId, path);
  if (!data?.callSid) throw new Error(`no call was placed by ${path}`);
  return data.callSid;
};

const statesOf = async (userId: string, callSid: string): Promise<string[]> => {
  const seen: string[] = [];
  await waitFor('the call to end', async () => {
    const { data } = await service.ask(userId, `callState/${callSid}`);
    if (data?.stateType && data.stateType !== seen.at(-1)) seen.push(data.stateType);
    return data?.stateType === '4';
  });
  return seen;
};

describe('success', () => {
  it('answers a call with the envelope, to the byte', async () => {
    const token = await service.token(caller());

    const response = await fetch(`${service.url}/v1/app/call/2000?access_token=${token}`);
    const body = await response.text();

    expect(response.status).toBe(200);
    expect(body).toMatch(/^\{"data":\{"callSid":"\d{32}"\},"returnCode":200,"returnMsg":"success"\}$/);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('gives a callSid of the time in UTC and seventeen digits', async () => {
    const before = new Date().toISOString().replace(/\D/g, '').slice(2, 14);

    const callSid = await placed(caller(), 'call/2013');

    expect(callSid.slice(0, 12) >= before).toBe(true);
    expect(callSid).toMatch(/^\d{32}$/);
  });

  it('shows the states 1, 2, 3 and 4', async () => {
    const { callSid, callerId } = await storeCall(service.database);
    const state = async () => (await service.ask(callerId, `callState/${callSid}`)).data?.stateType;

    const states = [await state()];
    for (const number of [2, 3, 4] as const) {
      await publishStep(service, callSid, number);
      states.push(await state());
    }

    expect(states).toEqual(['1', '2', '3', '4']);
  });

  it('shows the states of a call in order until its end', async () => {
    const userId = caller();

    const callSid = await placed(userId, 'call/2000');

    const states = await statesOf(userId, callSid);
    expect(states).toEqual(states.toSorted());
    expect(states.at(-1)).toBe('4');
  });

  it('rings the open service line', async () => {
    const userId = caller();

    const callSid = await placed(userId, 'callService');

    expect((await statesOf(userId, callSid)).at(-1)).toBe('4');
  });

  it('accepts a trailing slash for the same resource', async () => {
    const [first, second] = [caller(), caller()];

    const callSid = await placed(first, 'call/2013/');
    await placed(second, 'callService/');

    expect(await placed(first, 'call/2013')).toBe(callSid);
    expect((await service.ask(first, `callState/${callSid}/`)).returnCode).toBe(200);
    expect((await service.ask(first, `callState/${callSid}/?after=0&wait=1`)).returnCode).toBe(200);
    expect(await service.ask(first, `callCancel/${callSid}/`)).toEqual(CANCELED);
    expect(await service.ask(first, 'call/x/')).toEqual(PARAMETERS);
    expect(await service.ask(first, 'callState/x/')).toEqual(NOT_YOURS);
  });

  it.each([
    // Each of these calls stays in that state.
    ['1', '2005'],
    ['2', '2002'],
    ['3', '2013'],
  ])('cancels a call in state %s, and the caller may dial again at once', async (state, target) => {
    const userId = caller();
    const callSid = await placed(userId, `call/${target}`);
    await waitFor(`state ${state}`, async () => {
      const { data } = await service.ask(userId, `callState/${callSid}`);
      return data?.stateType === state;
    });

    expect(await service.ask(userId, `callCancel/${callSid}`)).toEqual(CANCELED);

    expect((await service.ask(userId, `callState/${callSid}`)).data).toEqual({ stateType: '4' });
    expect((await service.ask(userId, 'call/2000')).returnCode).toBe(200);
  });
});

describe('failures of a call', () => {
  it.each([
    ['the caller themselves', '1001'],
    ['zero', '0'],
    ['a negative number', '-1'],
    ['an exponent', '1e3'],
    ['a space before', '%205'],
    ['nothing', ''],
    ['nothing between two slashes', '/'],
    ['twenty digits', '12345678901234567890'],
    ['one more than the greatest Long', '9223372036854775808'],
    ['a leading zero', '02000'],
    ['a fraction', '2000.0'],
    ['broken percent-encoding', '%zz'],
    ['half a percent-encoded character', '%E5%AE'],
    ['a NUL', '%00'],
    ['full-width digits', encodeURIComponent('２０００')],
    ['ten thousand characters', '9'.repeat(10_000)],
    ['a slash', '20%2F00'],
  ])('say that the parameters are wrong when the target is %s', async (_, target) => {
    expect(await service.ask('1001', `call/${target}`)).toEqual(PARAMETERS);
  });

  it.each(['1002', '987654321', '9223372036854775807'])(
    'refer caller %s without a phone to the hotline',
    async (userId) => {
      expect(await service.ask(userId, 'call/2000')).toEqual(NO_PHONE);
      expect(await service.ask(userId, 'callService')).toEqual(NO_PHONE);
    },
  );

  it('say that the parameters are wrong when caller and target have the same phone, without a dial', async () => {
    const phone = '+8613700000001';
    const [callerId, targetId] = [caller(), '3001'];
    await service.admin('PATCH', `users/${callerId}`, { phone });
    await service.admin('POST', 'users', { id: targetId, name: 'A second user of this phone', phone });

    expect(await service.ask(callerId, `call/${targetId}`)).toEqual(PARAMETERS);

    const calls = await service.database.query<unknown[]>('select 1 from call_records where caller_id = $1', [
      callerId,
    ]);
    expect(calls).toEqual([]);
  });

  it('say that the parameters are wrong when the service line has the caller’s phone', async () => {
    const callerId = caller();
    await service.admin('PATCH', `users/${callerId}`, { phone: '400-000-0000' });

    expect(await service.ask(callerId, 'callService')).toEqual(PARAMETERS);
  });

  it.each(['2100', '987654321', '9223372036854775807'])('say that target %s has no phone', async (targetId) => {
    expect(await service.ask('1001', `call/${targetId}`)).toEqual(NO_CALLEE);
  });

  it('say that no service line is open', async () => {
    await service.database.query('update service_line set open = false');
    try {
      expect(await service.ask('1001', 'callService')).toEqual(NO_CALLEE);
    } finally {
      await service.database.query('update service_line set open = true');
    }
  });

  it('say that the caller has no sub-account', async () => {
    expect(await service.ask('1003', 'call/2000')).toEqual(NO_ACCOUNT);
    expect(await service.ask('1003', 'callService')).toEqual(NO_ACCOUNT);
  });

  it('have the contract’s order when several apply', async () => {
    expect(await service.ask('1002', 'call/1e3')).toEqual(PARAMETERS);
    expect(await service.ask('1002', 'call/2100')).toEqual(NO_PHONE);
    expect(await service.ask('1003', 'call/2100')).toEqual(NO_ACCOUNT);
    expect(await service.ask('1003', 'call/1e3')).toEqual(PARAMETERS);
  });

  it('say that the parameters are wrong when the provider refuses the number, and the call is over', async () => {
    const userId = caller();

    expect(await service.ask(userId, 'call/2006')).toEqual(PARAMETERS);

    expect((await service.ask(userId, 'call/2000')).returnCode).toBe(200);
  });

  it('say that there is no sub-account when the provider refuses it', async () => {
    expect(await service.ask(caller(), 'call/2007')).toEqual(NO_ACCOUNT);
  });

  it('exclude a dial without a reply: it gets its callSid, in state 1', async () => {
    const userId = caller();

    const callSid = await placed(userId, 'call/2008');

    expect((await statesOf(userId, callSid)).at(-1)).toBe('4');
  });

  it('say that the system failed when the provider failed, and the call stays open', async () => {
    const userId = caller();

    expect(await service.ask(userId, 'call/2009')).toEqual(SYSTEM);

    const [record] = await service.database.query<{ state: number }[]>(
      'select state from call_records where caller_id = $1',
      [userId],
    );
    expect(record?.state).toBe(1);
  });

  it('exclude a repeated request for the same target: it gets the open call', async () => {
    const userId = caller();
    const callSid = await placed(userId, 'call/2013');

    expect(await placed(userId, 'call/2013')).toBe(callSid);
  });

  it('exclude twenty concurrent requests: they get one call', async () => {
    const userId = caller();

    const callSids = await Promise.all(Array.from({ length: 20 }, () => placed(userId, 'call/2013')));

    expect(new Set(callSids).size).toBe(1);
  });

  it('ask a caller in a call with another target to wait', async () => {
    const userId = caller();
    await placed(userId, 'call/2013');
    const token = await service.token(userId);

    const response = await fetch(`${service.url}/v1/app/call/2000?access_token=${token}`);

    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toEqual(BUSY);
  });

  it('name the configured hotline', async () => {
    const other = await startTestApp({ environment: { SERVICE_HOTLINE: '400-810-0000' } });
    try {
      expect((await other.ask('1002', 'call/2000')).returnMsg).toBe('用户未绑定手机号,请手动拨打400-810-0000!');
    } finally {
      await other.close();
    }
  });
});

describe('failures of cancel and state', () => {
  it.each([
    ['thirty-one digits', '1'.repeat(31)],
    ['thirty-three digits', '1'.repeat(33)],
    ['unknown', '1'.repeat(32)],
    ['letters', 'a'.repeat(32)],
    ['nothing', ''],
    ['broken percent-encoding', '%zz'],
    ['a NUL', '%00'],
    ['full-width digits', encodeURIComponent('１'.repeat(32))],
    ['ten thousand characters', '1'.repeat(10_000)],
  ])('give one answer when the callSid is %s', async (_, callSid) => {
    expect(await service.ask('1001', `callState/${callSid}`)).toEqual(NOT_YOURS);
    expect(await service.ask('1001', `callCancel/${callSid}`)).toEqual(NOT_YOURS);
  });

  it('give the same answer for another user’s call, which stays open', async () => {
    const userId = caller();
    const callSid = await placed(userId, 'call/2013');

    expect(await service.ask('1001', `callState/${callSid}`)).toEqual(NOT_YOURS);
    expect(await service.ask('1001', `callCancel/${callSid}`)).toEqual(NOT_YOURS);

    expect((await service.ask(userId, `callState/${callSid}`)).data?.stateType).not.toBe('4');
  });

  it('say that a call that is over cannot be canceled', async () => {
    const userId = caller();
    const callSid = await placed(userId, 'call/2000');
    await statesOf(userId, callSid);

    expect(await service.ask(userId, `callCancel/${callSid}`)).toEqual(NOT_CANCELED);
  });
});

describe('the token', () => {
  const UNAUTHENTICATED = { returnCode: 401, returnMsg: 'A valid access token is required.' };
  const paths = ['call/2000', 'callService', `callCancel/${'1'.repeat(32)}`, `callState/${'1'.repeat(32)}`];

  const refused = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init);
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 401, body: UNAUTHENTICATED });
  };

  it.each(paths)('is required by %s', async (path) => {
    await refused(`${service.url}/v1/app/${path}`);
    await refused(`${service.url}/v1/app/${path}?access_token=`);
    await refused(`${service.url}/v1/app/${path}?access_token=junk`);
  });

  it('may be in the header instead', async () => {
    const token = await service.token('1001');

    const response = await fetch(`${service.url}/v1/app/callState/1`, {
      headers: { authorization: `Bearer ${token}` },
    });

    expect(await response.json()).toEqual(NOT_YOURS);
  });

  it('must not be sent twice', async () => {
    const token = await service.token('1001');
    const url = `${service.url}/v1/app/callState/1?access_token=${token}`;

    await refused(url, { headers: { authorization: `Bearer ${token}` } });
    await refused(`${url}&access_token=${token}`);
  });

  it.each(['0', '-1', ' 5', '9223372036854775808', ''])(
    'must name a user by a Long if it has a number, not by "%s"',
    async (userId) => {
      await refused(`${service.url}/v1/app/callState/1?access_token=${await service.token(userId)}`);
    },
  );

  it.each(['1e3', 'alice'])('may have an externalId instead, and "%s" is nobody’s', async (externalId) => {
    expect(await service.ask(externalId, 'callState/1')).toEqual(NOT_YOURS);
    expect(await service.ask(externalId, 'call/2000')).toEqual(await service.ask('999999999', 'call/2000'));
  });

  const handMade = (header: object, claims: object, key: string = TEST_SECRET): string => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part(header)}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
  };
  const soon = (): number => Math.floor(Date.now() / 1000) + 60;

  it.each([
    ['has expired', () => handMade({ alg: 'HS256' }, { sub: '1001', exp: soon() - 120 })],
    ['never expires', () => handMade({ alg: 'HS256' }, { sub: '1001' })],
    ['has a number as its subject', () => handMade({ alg: 'HS256' }, { sub: 1001, exp: soon() })],
    ['has no subject', () => handMade({ alg: 'HS256' }, { exp: soon() })],
    ['is not valid yet', () => handMade({ alg: 'HS256' }, { sub: '1001', exp: soon(), nbf: soon() })],
    ['is signed with another key', () => handMade({ alg: 'HS256' }, { sub: '1001', exp: soon() }, 'x'.repeat(32))],
    ['claims another algorithm', () => handMade({ alg: 'HS512' }, { sub: '1001', exp: soon() })],
    ['claims no algorithm', () => handMade({ alg: 'none' }, { sub: '1001', exp: soon() }).replace(/[^.]*$/, '')],
  ])('is refused when it %s', async (_, make) => {
    await refused(`${service.url}/v1/app/callState/1?access_token=${make()}`);
  });

  it('that is made by hand but valid is accepted', async () => {
    const token = handMade({ alg: 'HS256' }, { sub: '1001', exp: soon() });

    expect(await (await fetch(`${service.url}/v1/app/callState/1?access_token=${token}`)).json()).toEqual(NOT_YOURS);
  });
});

describe('a GET that rings a phone', () => {
  const callsOf = async (userId: string): Promise<number> => {
    const [row] = await service.database.query<{ count: string }[]>(
      'select count(*) from call_records where caller_id = $1',
      [userId],
    );
    return Number(row?.count);
  };

  it.each(['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const)(
    'places no call with the method %s',
    async (method) => {
      const userId = caller();
      const token = await service.token(userId);

      const response = await request(`${service.url}/v1/app/call/2000?access_token=${token}`, { method });
      await response.body.dump();

      expect(response.statusCode).toBe(405);
      expect(response.headers.allow).toBe('GET');
      expect(await callsOf(userId)).toBe(0);
    },
  );

  it.each([
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
  ])('refuses %s: %s', async (name, value) => {
    const userId = caller();
    const token = await service.token(userId);

    const response = await fetch(`${service.url}/v1/app/call/2000?access_token=${token}`, {
      headers: { [name]: value },
    });

    expect(response.status).toBe(403);
    expect((await response.json()) as object).toMatchObject({ returnCode: 403 });
    expect(await callsOf(userId)).toBe(0);
  });
});

describe('a request outside the contract', () => {
  it('to an unknown route is answered with 404 in the envelope', async () => {
    const response = await fetch(`${service.url}/v1/app/nothing?access_token=x`);

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ returnCode: 404, returnMsg: 'There is nothing here.' });
  });

  it('with unknown query parameters is answered without them, also with sixteen kilobytes of them', async () => {
    const reply = await service.ask('1001', `callState/1?padding=${'x'.repeat(15_500)}&a=1&a=2&__proto__=1`);

    expect(reply).toEqual(NOT_YOURS);
  });

  it('with a far too long request line is answered with 413', async () => {
    const response = await request(`${service.url}/v1/app/callState/1?padding=${'x'.repeat(40_000)}`);

    expect(response.statusCode).toBe(413);
    expect(await response.body.json()).toMatchObject({ returnCode: 413 });
  });

  it('with a body on a GET is answered without the body', async () => {
    const response = await request(`${service.url}/v1/app/callState/1?access_token=${await service.token('1001')}`, {
      method: 'GET',
      body: '{"x":',
      headers: { 'content-type': 'application/json' },
    });

    expect(await response.body.json()).toEqual(NOT_YOURS);
  });
});
