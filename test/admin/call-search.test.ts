import { CallRecorder } from '../../src/call/call-recorder.js';
import { openCall, type CallToOpen } from '../../src/call/record/open-call.js';
import type { EndReason } from '../../src/call/record/call-lifecycle.js';
import { laterCallSid } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

let nextCaller = 700_000;

const opened = async (fields: Partial<CallToOpen> = {}): Promise<string> => {
  const { callSid } = await openCall(service.database, {
    callSid: laterCallSid(),
    callerId: String(nextCaller++),
    callerPhone: '+8613900001001',
    calleeId: fields.serviceLineId ? null : '2000',
    serviceLineId: null,
    calleePhone: '+8613800002000',
    provider: 'simulator',
    route: '',
    subAccount: 'demo-1001',
    waitsForDialSlot: false,
    dialTimeoutSeconds: 5,
    longestRequestedSeconds: 90,
    ...fields,
  });
  return callSid;
};

const over = async (endReason: EndReason, fields: Partial<CallToOpen> = {}): Promise<string> => {
  const callSid = await opened(fields);
  const event = { callSid, eventId: `${callSid}:ended`, providerCallId: 'sim-1', occurredAt: new Date() };
  await service.app.nest.get(CallRecorder).apply('simulator', { ...event, type: 'ended', endReason } as never);
  return callSid;
};

interface ShownPage {
  readonly items: readonly { readonly callSid: string; readonly requestedAt: string }[];
  readonly next: string | null;
}

const search = async (query: Readonly<Record<string, string>>): Promise<ShownPage> => {
  const response = await service.admin('GET', `calls?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return (await response.json()) as ShownPage;
};

const found = async (query: Readonly<Record<string, string>>): Promise<string[]> =>
  (await search(query)).items.map(({ callSid }) => callSid);

it('shows each call with the same fields as GET calls/{callSid}, without the timeline', async () => {
  const callSid = await over('busy', { callerId: '31', calleeId: '32' });
  const alone = await service.admin('GET', `calls/${callSid}`);

  const { items, next } = await search({ userId: '31' });

  const { events, ...call } = (await alone.json()) as Record<string, unknown>;
  expect(events).toHaveLength(2);
  expect(items).toEqual([call]);
  expect(Object.keys(items[0]!)).toEqual(Object.keys(call));
  expect(next).toBeNull();
});

it('finds an open call and a call that is over by each of its fields', async () => {
  const facts = { userId: '42', phone: '+8613900000042', provider: 'simulator' };
  const open = await opened({ callerId: '41', calleeId: '42', calleePhone: facts.phone });
  const ended = await over('rejected', { callerId: '42', callerPhone: facts.phone });

  expect(await found(facts)).toEqual([ended, open]);
  expect(await found({ ...facts, stateType: '1' })).toEqual([open]);
  expect(await found({ ...facts, stateType: '4' })).toEqual([ended]);
  expect(await found({ ...facts, endReason: 'rejected' })).toEqual([ended]);
  expect(await found({ ...facts, stateType: '1', endReason: 'rejected' })).toEqual([]);
  expect(await found({ ...facts, provider: 'another' })).toEqual([]);
});

it('tells caller and callee apart, by id or external id', async () => {
  await service.admin('PATCH', 'users/1007', { externalId: 'caller or callee' });
  const called = await over('busy', { callerId: '1007', calleeId: '33' });
  const calling = await over('busy', { callerId: '34', calleeId: '1007' });

  for (const user of ['1007', 'caller or callee']) {
    expect(await found({ userId: user })).toEqual([calling, called]);
    expect(await found({ callerId: user })).toEqual([called]);
    expect(await found({ calleeId: user })).toEqual([calling]);
    expect(await found({ callerId: user, calleeId: '33' })).toEqual([called]);
    expect(await found({ callerId: user, calleeId: '34' })).toEqual([]);
  }
  expect(await found({ callerId: 'nobody of ours' })).toEqual([]);
});

it('finds calls in any of several states, that ended for any of several reasons, and that are over or not', async () => {
  const phone = '+8613900000043';
  const lost = await over('lost', { calleePhone: phone });
  const completed = await over('completed', { calleePhone: phone });
  const busy = await over('busy', { calleePhone: phone });
  const open = await opened({ calleePhone: phone });
  const of = async (query: string): Promise<string[]> => {
    const response = await service.admin('GET', `calls?phone=${encodeURIComponent(phone)}${query}`);
    expect(response.status).toBe(200);
    return ((await response.json()) as ShownPage).items.map(({ callSid }) => callSid);
  };

  expect(await of('&stateType=1&stateType=2')).toEqual([open]);
  expect(await of('&stateType=1&stateType=4')).toEqual([open, busy, completed, lost]);
  expect(await of('&endReason=busy&endReason=lost')).toEqual([busy, lost]);
  expect(await of('&endReason=busy&endReason=busy')).toEqual([busy]);
  expect(await of('&open=true')).toEqual([open]);
  expect(await of('&open=false')).toEqual([busy, completed, lost]);
  expect(await of('&completed=true')).toEqual([completed]);
  expect(await of('&completed=false')).toEqual([busy, lost]);
  expect(await of('&completed=false&endReason=completed')).toEqual([]);
  expect(await of('&open=true&completed=true')).toEqual([]);
});

it('shows the provider’s code of the leg that was reached last', async () => {
  const callSid = await opened({ calleePhone: '+8613900000044' });
  const event = { callSid, eventId: `${callSid}:ended`, providerCallId: 'sim-1', occurredAt: new Date() };
  const causes = { A: { cause: 16 }, B: { status: 'busy', sip: 486 } };
  await service.app.nest
    .get(CallRecorder)
    .apply('simulator', { ...event, type: 'ended', endReason: 'busy', causes } as never);
  const [call] = (await search({ phone: '+8613900000044' })).items;

  expect(call).toMatchObject({ causes, providerCode: 'status busy, sip 486' });
  const open = await opened({ calleePhone: '+8613900000045' });
  expect((await search({ phone: '+8613900000045' })).items).toMatchObject([{ callSid: open, providerCode: null }]);
});

it('takes a date for its beginning in the time zone', async () => {
  const callSid = await over('busy', { callerId: '62' });
  await service.database.query('update call_records set requested_at = $2 where call_sid = $1', [
    callSid,
    new Date(Date.now() - 1),
  ]);
  const dayIn = (zone: string, daysLater: number): string =>
    new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(Date.now() + daysLater * 86_400_000);

  for (const timeZone of ['UTC', 'Asia/Shanghai', 'America/Los_Angeles', 'Pacific/Kiritimati']) {
    const [today, tomorrow] = [dayIn(timeZone, 0), dayIn(timeZone, 1)];
    expect(await found({ userId: '62', from: today, to: tomorrow, timeZone })).toEqual([callSid]);
    expect(await found({ userId: '62', from: tomorrow, timeZone })).toEqual([]);
    expect(await found({ userId: '62', to: today, timeZone })).toEqual([]);
  }
  expect(await found({ userId: '62', from: dayIn('UTC', 0) })).toEqual([callSid]);
});

it.each([
  '138 0000 0051',
  '+86 138-0000-0051',
  '１３８００００００５１',
  '(0086) 13800000051',
  ' 8613800000051',
  ' 13800000051',
])('normalizes the phone %j', async (phone) => {
  const callSid =
    (await found({ phone: '+8613800000051' }))[0] ?? (await over('busy', { callerPhone: '+8613800000051' }));

  expect(await found({ phone })).toEqual([callSid]);
});

it('includes `from` and excludes `to`, with any offset, to the millisecond', async () => {
  const callSid = await over('busy', { callerId: '61' });
  const [call] = (await search({ userId: '61' })).items;
  const requestedAt = call!.requestedAt;
  const inShanghai = new Date(Date.parse(requestedAt) + 8 * 3_600_000).toISOString().replace('Z', '+08:00');
  const after = new Date(Date.parse(requestedAt) + 1).toISOString();

  for (const from of [requestedAt, inShanghai, requestedAt.toLowerCase(), requestedAt.replace('T', ' ')]) {
    expect(await found({ userId: '61', from, to: after })).toEqual([callSid]);
  }
  // A plus that is not percent-encoded.
  expect(await found({ userId: '61', from: inShanghai.replace('+', ' ') })).toEqual([callSid]);
  expect(await found({ userId: '61', from: after })).toEqual([]);
  expect(await found({ userId: '61', to: requestedAt })).toEqual([]);
});

it('pages through the calls once each, also when new calls arrive between pages', async () => {
  const phone = '+8613800000071';
  const there: string[] = [];
  for (let count = 0; count < 5; count++) there.unshift(await over('busy', { calleePhone: phone }));

  const shown: string[] = [];
  let page = await search({ phone, limit: '2' });
  for (;;) {
    shown.push(...page.items.map(({ callSid }) => callSid));
    if (page.next === null) break;
    await over('busy', { calleePhone: phone });
    page = await search({ phone, limit: '2', after: page.next });
  }

  expect(shown).toEqual(there);
});

it('has no next cursor after a last page that is exactly full', async () => {
  const phone = '+8613800000081';
  await over('busy', { calleePhone: phone });
  await over('busy', { callerPhone: phone });

  expect(await search({ phone, limit: '2' })).toMatchObject({ items: [{}, {}], next: null });
});

const TOO_LONG = 'a'.repeat(65);

it.each([
  ['userId=', '/userId', 'the id of a user'],
  ['userId=0', '/userId', 'the id of a user'],
  ['userId=9223372036854775808', '/userId', 'the id of a user'],
  ['userId=1%00', '/userId', 'the id of a user'],
  ['userId=1&userId=2', '/userId', 'the id of a user'],
  ['callerId=0', '/callerId', 'the id of a user'],
  ['calleeId=1&calleeId=2', '/calleeId', 'the id of a user'],
  ['open=yes', '/open', 'true or false'],
  ['open=true&open=true', '/open', 'true or false'],
  ['completed=1', '/completed', 'true or false'],
  ['phone=', '/phone', 'is not a number'],
  ['phone=abc', '/phone', 'is not a number'],
  ['phone=12', '/phone', 'is not a number'],
  ['phone=138000020', '/phone', 'is not a number'],
  ['phone=13800002000&phone=13800002000', '/phone', 'is not a number'],
  ['stateType=', '/stateType', 'one of 1, 2, 3, 4'],
  ['stateType=0', '/stateType', 'one of 1, 2, 3, 4'],
  ['stateType=5', '/stateType', 'one of 1, 2, 3, 4'],
  ['stateType=04', '/stateType', 'one of 1, 2, 3, 4'],
  ['stateType=over', '/stateType', 'one of 1, 2, 3, 4'],
  ['stateType=1&stateType=5', '/stateType', 'one of 1, 2, 3, 4; repeat the parameter for several'],
  ['stateType=1,2', '/stateType', 'one of 1, 2, 3, 4'],
  ['endReason=busy&endReason=', '/endReason', 'one of completed'],
  ['endReason=', '/endReason', 'one of completed'],
  ['endReason=Busy', '/endReason', 'one of completed'],
  ['endReason=toString', '/endReason', 'one of completed'],
  ['provider=', '/provider', 'blank'],
  ['provider=%00', '/provider', 'control characters'],
  [`provider=${TOO_LONG}`, '/provider', '64 characters'],
  ['provider=a&provider=b', '/provider', 'must be a string'],
  ['from=', '/from', 'RFC 3339'],
  ['from=yesterday', '/from', 'RFC 3339'],
  ['from=2026-02-30', '/from', 'or a date'],
  ['from=1999-12-31', '/from', 'or a date of this century'],
  ['from=2026-11-24&to=2026-11-24', '/to', 'after from'],
  ['timeZone=', '/timeZone', 'IANA'],
  ['timeZone=Mars/Olympus', '/timeZone', 'IANA'],
  ['from=2026-11-24&timeZone=%2B08:00', '/timeZone', 'IANA'],
  ['timeZone=UTC&timeZone=UTC', '/timeZone', 'IANA'],
  ['from=2026-11-24T10:00:00', '/from', 'RFC 3339'],
  ['from=2026-02-30T10:00:00Z', '/from', 'RFC 3339'],
  ['from=1764000000000', '/from', 'RFC 3339'],
  ['to=2026-11-24T24:00:00Z', '/to', 'RFC 3339'],
  ['to=2026-11-24T10:00:00%2B24:00', '/to', 'RFC 3339'],
  ['to=2026-11-24T10:00:00Z&to=2026-11-24T10:00:00Z', '/to', 'RFC 3339'],
  ['from=2026-11-24T10:00:00Z&to=2026-11-24T10:00:00Z', '/to', 'after from'],
  ['limit=0', '/limit', '1 to 200'],
  ['limit=201', '/limit', '1 to 200'],
  ['after=', 'after', '`next` of a page'],
  ['after=1', 'after', '`next` of a page'],
  [`after=${'１'.repeat(32)}`, 'after', '`next` of a page'],
  ['userId[]=1', '/userId[]', 'should not exist'],
])('refuses ?%s with the field and the reason', async (query, where, what) => {
  const response = await service.admin('GET', `calls?${query}`);

  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(await response.json()).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    errors: [{ where, what: expect.stringContaining(what) }],
  });
});

it('lists every fault of a query at once', async () => {
  const query = 'userId=0&phone=abc&stateType=9&endReason=bad&provider=&from=now&to=then&limit=x&colour=red';

  const response = await service.admin('GET', `calls?${query}`);

  const { errors } = (await response.json()) as { errors: { where: string }[] };
  expect(errors.map(({ where }) => where).sort()).toEqual(
    ['/colour', '/endReason', '/from', '/limit', '/phone', '/provider', '/stateType', '/to', '/userId'].sort(),
  );
});

it('answers any query with calls or with 400', async () => {
  const texts = ['', ' ', '%', '%00', '%zz', "'", '1', '-1', 'null', '9'.repeat(400), '😀', '%ED%A0%80', '{}', '[]'];
  const names = [
    ...[
      'userId',
      'callerId',
      'calleeId',
      'phone',
      'stateType',
      'endReason',
      'open',
      'completed',
      'provider',
      'from',
      'to',
    ],
    ...['timeZone', 'after', 'limit', '__proto__'],
  ];

  for (const name of names) {
    for (const text of texts) {
      const response = await service.admin('GET', `calls?${name}=${text}`);

      expect({ name, text, isExpected: [200, 400].includes(response.status) }).toEqual({
        name,
        text,
        isExpected: true,
      });
    }
  }
});

it('is described in the API document, with every parameter', async () => {
  const document = (await (await fetch(`${service.url}/docs/openapi.json`)).json()) as {
    paths: Record<string, { get: { parameters: { name: string; required: boolean; description: string }[] } }>;
  };

  const { parameters } = document.paths['/v1/admin/calls']!.get;
  expect(parameters.map(({ name }) => name).sort()).toEqual([
    ...[
      'after',
      'calleeId',
      'callerId',
      'completed',
      'endReason',
      'from',
      'limit',
      'open',
      'phone',
      'provider',
      'stateType',
    ],
    ...['timeZone', 'to', 'userId'],
  ]);
  for (const { required, description } of parameters) {
    expect(required).toBe(false);
    expect(description).toMatch(/\S/);
  }
});
