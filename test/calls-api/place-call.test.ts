/** POST /v1/calls: its answers, and the records. */
import { BlockedUsers } from '../../src/call/updates/blocked-users.js';
import { backend, newPhone, type Answer, type Backend } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let calls: Backend;

beforeAll(async () => {
  service = await startTestApp({
    // Calls last for seconds, so that they stay open during a test.
    environment: { SIMULATOR_SPEED: '0.5', DIAL_TIMEOUT: '0.5', ROUTES: '+86=simulator' },
  });
  calls = backend(service);
});
afterAll(() => service.close());

const between = (caller: object, callee: object, more: object = {}) => ({ caller, callee, ...more });
const phones = (script = '00', more: object = {}) => between({ phone: newPhone() }, { phone: newPhone(script) }, more);
const recordOf = async (callSid: unknown): Promise<Record<string, unknown>> =>
  (await (await service.admin('GET', `calls/${String(callSid)}`)).json()) as Record<string, unknown>;
const problem = (status: number, code: string, ...where: string[]) => ({
  status,
  body: {
    type: 'about:blank',
    title: expect.any(String),
    status,
    code,
    requestId: expect.any(String),
    ...(where.length > 0 && { errors: where.map((one) => ({ where: one, what: expect.any(String) })) }),
  },
});
const expectProblem = ({ status, headers, body }: Answer, ...expected: Parameters<typeof problem>): void => {
  expect({ status, body }).toEqual(problem(...expected));
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
};

describe('a call that is placed', () => {
  it('is answered with 201, its URL and its record', async () => {
    const [caller, callee] = [newPhone(), newPhone()];

    const { status, headers, body } = await calls.place({
      caller: { phone: caller.replace('+86', '') },
      callee: { phone: callee },
    });

    expect({ status, location: headers.get('location') }).toEqual({
      status: 201,
      location: `/v1/calls/${String(body.callSid)}`,
    });
    expect(headers.get('idempotent-replayed')).toBeNull();
    expect(body).toEqual({
      callSid: expect.stringMatching(/^\d{32}$/),
      callerId: null,
      callerExternalId: null,
      calleeId: null,
      calleeExternalId: null,
      serviceLineId: null,
      callerPhone: caller,
      huntedPhones: null,
      calleePhone: callee,
      provider: 'simulator',
      stateType: '1',
      endReason: null,
      endedBy: null,
      canceledBy: null,
      requestedAt: expect.any(String),
      ringingAt: null,
      answeredAt: null,
      endedAt: null,
      talkSeconds: null,
      recording: null,
      changes: 1,
      metadata: null,
      route: '+86',
      causes: { A: null, B: null },
    });
    expect(await recordOf(body.callSid)).toMatchObject({
      callerPhone: caller,
      subAccount: 'default',
      placedBy: '9001',
    });
  });

  it('connects users, and a user with a service line', async () => {
    const { items } = (await (await service.admin('GET', 'service-lines')).json()) as {
      items: { id: string; phone: string }[];
    };
    const [line] = items;

    const users = await calls.place(between({ userId: '1004' }, { userId: '2000' }));
    const withLine = await calls.place(between({ userId: '1005' }, { serviceLine: line!.id }));

    expect(users).toMatchObject({ status: 201, body: { callerId: '1004', calleeId: '2000', serviceLineId: null } });
    expect(withLine).toMatchObject({
      status: 201,
      body: { callerId: '1005', calleeId: null, serviceLineId: line!.id, calleePhone: line!.phone },
    });
    expect(await recordOf(users.body.callSid)).toMatchObject({ subAccount: 'demo-1004' });
  });

  it('connects users by their external ids, and names them so', async () => {
    const [caller, callee] = ['7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11', 'auth0|callee'];
    await service.admin('PATCH', 'users/1030', { externalId: caller });
    await service.admin('PATCH', 'users/2001', { externalId: callee });

    const { status, body } = await calls.place(between({ userId: caller }, { userId: callee }), 'by external ids');
    const again = await calls.place(between({ userId: caller }, { userId: callee }), 'by external ids');

    const expected = { callerId: '1030', callerExternalId: caller, calleeId: '2001', calleeExternalId: callee };
    expect([status, body]).toMatchObject([201, expected]);
    expect(again.body).toMatchObject({ ...expected, callSid: body.callSid });
    expect((await calls.ask('GET', `/${String(body.callSid)}`)).body).toMatchObject(expected);
    expect(await recordOf(body.callSid)).toMatchObject({ subAccount: 'demo-1030' });
    expect(await service.ask(caller, `callState/${String(body.callSid)}`)).toMatchObject({ returnCode: 200 });
  });

  it('belongs to the subject of the token, also if the subject is no user and no number', async () => {
    const one = backend(service, 'crm@clients');

    const { status, body } = await one.place(phones());

    expect([status, await recordOf(body.callSid)]).toMatchObject([201, { placedBy: 'crm@clients' }]);
    expect((await one.ask('GET', `/${String(body.callSid)}`)).status).toBe(200);
    expect((await calls.ask('GET', `/${String(body.callSid)}`)).status).toBe(404);
  });

  it('is the user’s own call in the app API', async () => {
    const { body } = await calls.place(between({ userId: '1006' }, { userId: '2013' }));
    const callSid = String(body.callSid);

    expect(await service.ask('1006', `callState/${callSid}`)).toMatchObject({ returnCode: 200 });
    expect(await service.ask('1006', 'call/2013')).toEqual({
      data: { callSid },
      returnCode: 200,
      returnMsg: 'success',
    });
    expect(await service.ask('1007', `callState/${callSid}`)).toMatchObject({ returnMsg: '用户信息有误!' });
  });

  it('is in state 1 when the provider’s reply to the dial is lost or malformed', async () => {
    const answers = [await calls.place(phones('08')), await calls.place(phones('09'))];

    for (const { status, body } of answers)
      expect({ status, state: body.stateType }).toEqual({ status: 201, state: '1' });
  });
});

describe('a request that cannot be connected', () => {
  it.each([
    ['a caller who is unknown', { userId: '999' }, { userId: '2000' }, 'UNKNOWN_USER', '/caller/userId'],
    ['a callee who is unknown', { userId: '1008' }, { userId: '999' }, 'UNKNOWN_USER', '/callee/userId'],
    ['a caller whose external id is unknown', { userId: 'who' }, { userId: '2000' }, 'UNKNOWN_USER', '/caller/userId'],
    ['a callee whose external id is unknown', { userId: '1008' }, { userId: 'who' }, 'UNKNOWN_USER', '/callee/userId'],
    ['a caller without a phone', { userId: '1002' }, { userId: '2000' }, 'USER_HAS_NO_PHONE', '/caller/userId'],
    ['a callee without a phone', { userId: '1008' }, { userId: '2100' }, 'USER_HAS_NO_PHONE', '/callee/userId'],
    [
      'a service line that is unknown',
      { userId: '1008' },
      { serviceLine: '99' },
      'UNKNOWN_SERVICE_LINE',
      '/callee/serviceLine',
    ],
  ])('is refused with the code and the field of %s', async (_, caller, callee, code, where) => {
    expectProblem(await calls.place(between(caller, callee)), 422, code, where);
  });

  it('is refused with SERVICE_LINE_CLOSED for a closed service line', async () => {
    const line = { name: 'Closed', phone: '010-56469588', open: false, position: 9 };
    const { id } = (await (await service.admin('POST', 'service-lines', line)).json()) as { id: string };

    expectProblem(
      await calls.place(between({ userId: '1008' }, { serviceLine: id })),
      422,
      'SERVICE_LINE_CLOSED',
      '/callee/serviceLine',
    );
  });

  it('is refused with NO_PROVIDER_ACCOUNT for a caller without a sub-account', async () => {
    expectProblem(await calls.place(between({ userId: '1003' }, { userId: '2000' })), 422, 'NO_PROVIDER_ACCOUNT');
  });

  it.each([
    ['the same user twice', { userId: '1008' }, { userId: '1008' }],
    ['the same phone twice', { phone: '138 0013 8000' }, { phone: '+86 138 0013 8000' }],
    ['a user and the user’s own phone', { userId: '1008' }, { phone: '+8613900001008' }],
  ])('is refused with SAME_PHONE for %s', async (_, caller, callee) => {
    expectProblem(await calls.place(between(caller, callee)), 422, 'SAME_PHONE');
  });

  it('is refused with a code of its own for a blocked caller and for a missing route', async () => {
    await service.admin('PATCH', 'users/1009', { blocked: true });

    expectProblem(
      await calls.place(between({ userId: '1009' }, { userId: '2000' })),
      403,
      'USER_BLOCKED',
      '/caller/userId',
    );
    expectProblem(await calls.place(between({ phone: newPhone() }, { phone: '+442079460000' })), 422, 'NO_ROUTE');
  });
});

describe('a call that the provider refuses', () => {
  it.each([
    ['06', 'NUMBER_REFUSED', { category: 'bad_number', code: 'SIM-06' }],
    ['07', 'NO_PROVIDER_ACCOUNT', { category: 'bad_account', code: 'SIM-07' }],
  ])('is named in the problem, and its last change says why (%s)', async (script, code, detail) => {
    const { status, body } = await calls.place(phones(script));
    const { body: seen } = await calls.ask('GET', `/${String(body.callSid)}/events?afterNumber=1`);

    expect({ status, code: body.code }).toEqual({ status: 422, code });
    expect(seen.changes).toMatchObject([{ type: 'call.over', data: { endReason: 'failed', detail } }]);
  });
});

describe('a caller who is in a call', () => {
  it('gets 409 with the callSid of a call of the same subject, as a user and as a phone', async () => {
    for (const caller of [{ userId: '1010' }, { phone: newPhone() }]) {
      const first = await calls.place(between(caller, { phone: newPhone('13') }));

      for (const callee of [{ phone: newPhone() }, { userId: '2000' }]) {
        const { status, headers, body } = await calls.place(between(caller, callee));

        expect({ status, code: body.code, callSid: body.callSid }).toEqual({
          status: 409,
          code: 'CALLER_IN_A_CALL',
          callSid: first.body.callSid,
        });
        expect(headers.get('retry-after')).toBe('10');
      }
    }
  });

  it('gets 409 without the callSid of a call of another subject or of an app', async () => {
    const caller = { phone: newPhone() };
    await backend(service, '9002').place(between(caller, { phone: newPhone('13') }));
    await service.ask('1011', 'call/2013');

    expectProblem(await calls.place(between(caller, { phone: newPhone() })), 409, 'CALLER_IN_A_CALL');
    expectProblem(await calls.place(between({ userId: '1011' }, { userId: '2000' })), 409, 'CALLER_IN_A_CALL');
  });

  it('gets one call from thirty concurrent requests', async () => {
    const caller = { phone: newPhone() };

    const answers = await Promise.all(
      Array.from({ length: 30 }, () => calls.place(between(caller, { phone: newPhone('13') }))),
    );

    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 29 }, () => 409)]);
    expect(new Set(answers.map(({ body }) => body.callSid)).size).toBe(1);
  });
});

describe('a malformed body', () => {
  const PHONE = { phone: '13800138000' };
  const long = 'x'.repeat(2_048);

  it.each<[string, unknown, string]>([
    ['no caller', { callee: PHONE }, '/caller'],
    ['two callers', { caller: { userId: '1001', ...PHONE }, callee: PHONE }, '/caller'],
    ['an empty callee', { caller: PHONE, callee: {} }, '/callee'],
    ['a list of callees', { caller: PHONE, callee: [PHONE] }, '/callee'],
    ['a caller who is a service line', { caller: { serviceLine: '1' }, callee: PHONE }, '/caller/serviceLine'],
    ['a user id that is a number', { caller: { userId: 1001 }, callee: PHONE }, '/caller/userId'],
    ['a phone that cannot be dialled', { caller: { phone: '110' }, callee: PHONE }, '/caller/phone'],
    ['an unknown field', { caller: PHONE, callee: PHONE, colour: 1 }, '/colour'],
    ['metadata that is a list', { caller: PHONE, callee: PHONE, metadata: [] }, '/metadata'],
    ['metadata with a number', { caller: PHONE, callee: PHONE, metadata: { a: 1 } }, '/metadata'],
    ['metadata over 2 KB', { caller: PHONE, callee: PHONE, metadata: { a: long } }, '/metadata'],
    ['metadata with a NUL', { caller: PHONE, callee: PHONE, metadata: { a: '\0' } }, '/metadata'],
    ['limits that are a text', { caller: PHONE, callee: PHONE, limits: '5' }, '/limits'],
    ['a ring time of zero', { caller: PHONE, callee: PHONE, limits: { ringCaller: 0 } }, '/limits/ringCaller'],
    [
      'a ring time over the limit of its state',
      { caller: PHONE, callee: PHONE, limits: { ringCaller: 90 } },
      '/limits/ringCaller',
    ],
    [
      'a talk over LONGEST_TALK',
      { caller: PHONE, callee: PHONE, limits: { longestTalk: 14_401 } },
      '/limits/longestTalk',
    ],
    ['a record that is a text', { caller: PHONE, callee: PHONE, record: 'true' }, '/record'],
    ['a notAfter without an offset', { caller: PHONE, callee: PHONE, notAfter: '2099-01-01T00:00:00' }, '/notAfter'],
  ])('is refused with 400 and the field: %s', async (_, body, where) => {
    const { status, body: refusal } = await calls.place(body as object);

    expect({ status, code: refusal.code }).toEqual({ status: 400, code: 'BAD_REQUEST' });
    expect((refusal.errors as { where: string }[]).map((fault) => fault.where)).toContain(where);
  });

  it('is refused with its own code for a provider that is not configured, and for a notAfter in the past', async () => {
    expectProblem(await calls.place(phones('00', { provider: 'twilio' })), 422, 'UNKNOWN_PROVIDER', '/provider');
    expectProblem(
      await calls.place(phones('00', { notAfter: '2020-01-01T00:00:00Z' })),
      409,
      'CALL_TOO_LATE',
      '/notAfter',
    );
  });
});

describe('placing a call', () => {
  it.each(['', 'admin', 'calls:read', 'calls:writer'])(
    'is refused with 403 for a token with the scope “%s”',
    async (scope) => {
      const { status, headers, body } = await backend(service, '9001', scope).place(phones());

      expect({ status, code: body.code }).toEqual({ status: 403, code: 'FORBIDDEN' });
      expect(headers.get('www-authenticate')).toContain('scope="calls:write"');
    },
  );

  it('is refused with 401 without a token', async () => {
    const response = await fetch(`${service.url}/v1/calls`, { method: 'POST' });

    expect({ status: response.status, challenge: response.headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: 'Bearer',
    });
  });

  it('is refused with USER_BLOCKED for a subject that is a blocked user', async () => {
    await service.admin('POST', 'users', { id: '9003', name: 'Somebody' });
    await service.admin('PATCH', 'users/9003', { blocked: true });
    await waitFor('the block', () => service.app.nest.get(BlockedUsers).has('9003'));

    const refused = await backend(service, '9003').place(phones());

    expectProblem(refused, 403, 'USER_BLOCKED');
  });
});
