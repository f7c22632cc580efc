import { NONE_SHOWN } from '../../src/directory/shown-numbers.js';
import { backend } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
beforeEach(() => service.database.query('truncate service_line restart identity'));
afterAll(() => service.close());

const LINE = {
  name: '售后',
  phone: '400-000-0000',
  hunt: 'order',
  open: true,
  hours: null,
  callsAtOnce: null,
  position: 1,
  shown: NONE_SHOWN,
};
const NO_PHONE = { ...LINE, phone: undefined };
const NUMBER = '+864000000000';
const shown = (phone = NUMBER) => ({ phone, phones: [{ phone, ringSeconds: null }] });
const HOURS = {
  timeZone: 'Asia/Shanghai',
  week: { monday: ['09:00-12:00', '13:30-18:00'], saturday: ['22:00-02:00'] },
  holidays: ['2026-10-01'],
};

/** The day before, the day itself and the day after, so that one of them is today in every zone, also at midnight. */
const aroundToday = (): string[] =>
  [-1, 0, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));

const WEEK = Object.fromEntries(
  ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'].map((day) => [day, ['00:00-24:00']]),
);
const openAllDay = { timeZone: 'America/New_York', week: WEEK };
const closedToday = () => ({ ...openAllDay, holidays: aroundToday() });

const created = async (fields: object = {}): Promise<string> => {
  const response = await service.admin('POST', 'service-lines', { ...LINE, ...fields });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
};

it('is created, read, changed and removed', async () => {
  const creation = await service.admin('POST', 'service-lines', { ...LINE, name: ' 售后 ' });
  const location = creation.headers.get('location');
  const path = location?.replace('/v1/admin/', '') ?? '';

  expect(creation.status).toBe(201);
  expect(location).toBe('/v1/admin/service-lines/1');
  expect(await creation.json()).toEqual({ ...LINE, id: '1', ...shown() });

  const change = await service.admin('PATCH', path, { open: false, phone: '95588' });
  expect(change.status).toBe(200);
  expect(await change.json()).toEqual({ ...LINE, id: '1', ...shown('95588'), open: false });
  expect(await (await service.admin('GET', path)).json()).toEqual({ ...LINE, id: '1', ...shown('95588'), open: false });

  expect((await service.admin('DELETE', path)).status).toBe(204);
  expect((await service.admin('GET', path)).status).toBe(404);
});

it('is changed field by field, zero and false included', async () => {
  const id = await created({ position: 7 });

  for (const change of [{ position: 0 }, { name: '售前' }, { open: false }, { hours: HOURS }, { callsAtOnce: 3 }, {}]) {
    await service.admin('PATCH', `service-lines/${id}`, change);
  }

  expect(await (await service.admin('GET', `service-lines/${id}`)).json()).toEqual({
    id,
    name: '售前',
    ...shown(),
    hunt: 'order',
    open: false,
    hours: HOURS,
    callsAtOnce: 3,
    position: 0,
    shown: NONE_SHOWN,
  });

  const response = await service.admin('PATCH', `service-lines/${id}`, { hours: null, callsAtOnce: null });
  expect(await response.json()).toMatchObject({ name: '售前', hours: null, callsAtOnce: null });
});

it('has hours and a limit from the start, which the list shows as they were written, and the audit records', async () => {
  const id = await created({ hours: HOURS, callsAtOnce: 5 });
  await service.admin('PATCH', `service-lines/${id}`, { hours: { ...HOURS, holidays: [] }, callsAtOnce: 6 });

  const list = (await (await service.admin('GET', 'service-lines')).json()) as { items: unknown[] };
  expect(list.items).toEqual([{ ...LINE, id, ...shown(), hours: { ...HOURS, holidays: [] }, callsAtOnce: 6 }]);
  const [change, creation] = (
    (await (await service.admin('GET', `audit?target=service-line:${id}&limit=2`)).json()) as { items: object[] }
  ).items;
  expect(creation).toMatchObject({ after: { hours: HOURS, callsAtOnce: 5 } });
  expect(change).toMatchObject({
    before: { hours: HOURS, callsAtOnce: 5 },
    after: { hours: { ...HOURS, holidays: [] }, callsAtOnce: 6 },
  });
});

it('is listed by position and then id, page by page', async () => {
  const names = ['d', 'b', 'c', 'a', 'e'];
  const positions = [2, 1, 1, 0, 2_147_483_647];
  for (const [index, name] of names.entries()) await created({ name, position: positions[index] });

  const seen: string[] = [];
  let next: string | null = null;
  do {
    const response = await service.admin('GET', `service-lines?limit=2${next ? `&after=${next}` : ''}`);
    const page = (await response.json()) as { items: { name: string }[]; next: string | null };
    seen.push(...page.items.map(({ name }) => name));
    next = page.next;
  } while (next);

  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('is called by callService when it is the first open line', async () => {
  await created({ open: false, position: 0 });
  expect((await service.ask('1001', 'callService')).returnMsg).toBe('客服电话不存在,请联系管理员!');
  const id = await created({ position: 1 });

  const { data } = await service.ask('1001', 'callService');

  expect(
    await service.database.query('select service_line_id from call_records where call_sid = $1', [data?.callSid]),
  ).toEqual([{ service_line_id: id }]);
});

it('is called by callService within its hours alone, and another line in its place', async () => {
  await created({ hours: closedToday(), position: 0 });
  expect((await service.ask('1002', 'callService')).returnMsg).toContain('用户未绑定手机号');
  expect((await service.ask('1010', 'callService')).returnMsg).toBe('客服电话不存在,请联系管理员!');
  const id = await created({ hours: openAllDay, position: 1 });
  await created({ position: 2 });

  const { data } = await service.ask('1010', 'callService');

  expect(
    await service.database.query('select service_line_id from call_records where call_sid = $1', [data?.callSid]),
  ).toEqual([{ service_line_id: id }]);
});

it('is closed to a backend outside its hours', async () => {
  const ask = (serviceLine: string) => backend(service).place({ caller: { userId: '1011' }, callee: { serviceLine } });

  expect(await ask(await created({ hours: closedToday() }))).toMatchObject({
    status: 422,
    body: { code: 'SERVICE_LINE_CLOSED', errors: [{ where: '/callee/serviceLine', what: 'is closed' }] },
  });
  expect(await ask(await created({ hours: openAllDay, open: false }))).toMatchObject({ status: 422 });
  expect(await ask(await created({ hours: openAllDay }))).toMatchObject({ status: 201 });
});

it('is closed if its hours are of a form that this version does not know', async () => {
  const id = await created({ hours: openAllDay });
  await service.database.query(`update service_line set hours = '{"rrule":"FREQ=DAILY"}' where id = $1`, [id]);

  expect((await service.ask('1012', 'callService')).returnMsg).toBe('客服电话不存在,请联系管理员!');
  expect((await service.admin('GET', `service-lines/${id}`)).status).toBe(200);
});

it.each([
  [{ ...LINE, name: 'a\u0000' }, '/name'],
  [{ ...LINE, phone: null }, '/phone'],
  [{ ...LINE, phone: '119' }, '/phone'],
  [{ ...LINE, open: 'true' }, '/open'],
  [{ ...LINE, hours: 'always' }, '/hours'],
  [{ ...LINE, hours: { ...HOURS, timeZone: '+08:00' } }, '/hours'],
  [{ ...LINE, hours: { ...HOURS, week: {} } }, '/hours'],
  [{ ...LINE, hours: { ...HOURS, week: { monday: ['09:00-18:00', '17:00-19:00'] } } }, '/hours'],
  [{ ...LINE, hours: { ...HOURS, holidays: ['2026-02-30'] } }, '/hours'],
  [{ ...LINE, callsAtOnce: 0 }, '/callsAtOnce'],
  [{ ...LINE, callsAtOnce: 1001 }, '/callsAtOnce'],
  [{ ...LINE, position: -1 }, '/position'],
  [{ ...LINE, position: 1.5 }, '/position'],
  [{ ...LINE, position: 2_147_483_648 }, '/position'],
  [{ ...LINE, position: '1' }, '/position'],
  [{ ...LINE, id: '5' }, '/id'],
  [{ ...LINE, phones: [{ phone: '95588' }] }, '/phone'],
  [{ ...NO_PHONE, phones: [] }, '/phones'],
  [{ ...NO_PHONE, phones: null }, '/phones'],
  [{ ...NO_PHONE, phones: ['95588'] }, '/phones'],
  [{ ...NO_PHONE, phones: [{ phone: '95588', open: true }] }, '/phones'],
  [{ ...NO_PHONE, phones: [{ phone: '95588', ringSeconds: 4 }] }, '/phones'],
  [{ ...NO_PHONE, phones: [{ phone: '95588', ringSeconds: 120 }] }, '/phones'],
  [{ ...NO_PHONE, phones: [{ phone: '95588' }, { phone: '119' }] }, '/phones/1/phone'],
  [{ ...NO_PHONE, phones: [{ phone: '010-56469588转1' }, { phone: '010-56469588转2' }] }, '/phones'],
  [{ ...NO_PHONE, phones: Array.from({ length: 6 }, (_, i) => ({ phone: `1380000200${i}` })) }, '/phones'],
  [{ ...NO_PHONE, phones: Array.from({ length: 11 }, (_, i) => ({ phone: `138000020${10 + i}` })) }, '/phones'],
  [{ ...LINE, hunt: 'random' }, '/hunt'],
])('refuses %j, created or changed', async (body, where) => {
  const id = await created();

  const creation = await service.admin('POST', 'service-lines', body);
  const change = await service.admin('PATCH', `service-lines/${id}`, body);

  for (const response of [creation, change]) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where }] });
  }
  expect(await service.database.query('select name, open, position from service_line')).toEqual([
    { name: '售后', open: true, position: 1 },
  ]);
});

const TWO = [{ phone: '010-56469588转8001', ringSeconds: 15 }, { phone: '138 0000 2000' }];
const STORED = [
  { phone: '+861056469588;ext=8001', ringSeconds: 15 },
  { phone: '+8613800002000', ringSeconds: null },
];

it('has several phones, which are replaced as a whole, by one phone too', async () => {
  const creation = await service.admin('POST', 'service-lines', { ...NO_PHONE, phones: TWO, hunt: 'turn' });
  const line = (await creation.json()) as { id: string };
  expect(line).toMatchObject({ phone: STORED[0]!.phone, phones: STORED, hunt: 'turn' });
  const path = `service-lines/${line.id}`;
  const change = async (body: object) => (await service.admin('PATCH', path, body)).json();

  expect(await change({ position: 3 })).toMatchObject({ phones: STORED, hunt: 'turn' });
  expect(await change({ phones: TWO.toReversed(), hunt: 'order' })).toMatchObject({
    phone: STORED[1]!.phone,
    phones: STORED.toReversed(),
    hunt: 'order',
  });
  expect(await change({ phones: [{ phone: '95588', ringSeconds: 30 }] })).toMatchObject({
    phones: [{ phone: '95588', ringSeconds: 30 }],
  });
  expect(await change({ phone: '400-000-0000' })).toMatchObject(shown());

  const { items } = (await (await service.admin('GET', `audit?target=service-line:${line.id}`)).json()) as {
    items: unknown[];
  };
  expect(JSON.stringify(items)).not.toMatch(/56469588|13800002000/);
  expect(JSON.stringify(items)).toContain('"phones":[{"phone":"+86****9588;ext=****","ringSeconds":15}');
});

it('is refused with several phones, if no provider can try a second one', async () => {
  const alone = await startTestApp({
    environment: {
      YUNTONGXUN_ACCOUNT_SID: 'a'.repeat(32),
      YUNTONGXUN_AUTH_TOKEN: 'b'.repeat(32),
      YUNTONGXUN_APP_ID: 'c'.repeat(32),
      YUNTONGXUN_WEBHOOK_TOKEN: 'd'.repeat(32),
    },
  });
  try {
    const what = 'must be one phone: none of the providers that are set (yuntongxun) can try a second number';
    const refused = [
      await alone.admin('POST', 'service-lines', { ...NO_PHONE, phones: TWO }),
      await alone.admin('PATCH', 'service-lines/1', { phones: TWO }),
    ];

    for (const response of refused) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ where: '/phones', what }] });
    }
    const one = await alone.admin('PATCH', 'service-lines/1', { phones: [{ phone: '95588', ringSeconds: 30 }] });
    expect(one.status).toBe(200);
  } finally {
    await alone.close();
  }
});

it('has one phone again, if a version that knows no other has changed it', async () => {
  const creation = await service.admin('POST', 'service-lines', { ...NO_PHONE, phones: TWO });
  const { id } = (await creation.json()) as { id: string };
  await service.database.query(`update service_line set phone = '95588' where id = $1`, [id]);

  expect(await (await service.admin('GET', `service-lines/${id}`)).json()).toMatchObject(shown('95588'));
});

it('cannot be created without every field', async () => {
  const response = await service.admin('POST', 'service-lines', {});

  const { errors } = (await response.json()) as { errors: { where: string }[] };
  expect(errors.map(({ where }) => where).sort()).toEqual(['/name', '/open', '/phone', '/position']);
});

it.each(['', '1', '1-', '1-0', '-1-1', '1-1-1', '2147483648-1', '1-9223372036854775808', '1-1%00'])(
  'refuses the cursor "%s"',
  async (after) => {
    const response = await service.admin('GET', `service-lines?after=${after}`);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where: 'after' }] });
  },
);

it.each(['2', '1e3', '0', '%00', '12345678901234567890'])('answers 404 for the line %s', async (id) => {
  await created();
  const path = `service-lines/${id}`;
  const responses = [
    await service.admin('GET', path),
    await service.admin('PATCH', path, { open: false }),
    await service.admin('DELETE', path),
  ];

  expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
  expect(await service.database.query('select open from service_line')).toEqual([{ open: true }]);
});
