/** The numbers that phones show: of a request, of a service line, of a user, and of the settings, in this order. */
import { backend, newPhone, type Backend } from '../support/backend.js';
import { CALLER_NUMBER, SHOWN_NUMBERS } from '../support/twilio-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

const POOL = SHOWN_NUMBERS.slice(0, 3);
const [, , , OF_USER, OF_LINE, OF_REQUEST] = SHOWN_NUMBERS;

let telephony: TwoProviders;
let calls: Backend;

beforeAll(async () => {
  telephony = await startTwoProviders({
    TWILIO_SHOWN_TO_CALLEE: POOL.join(', '),
    YUNTONGXUN_SHOWN_TO_CALLER: '4008001234',
    ALLOWED_COUNTRIES: 'CN,US',
  });
  calls = backend(telephony.service);
});
afterAll(() => telephony.close());

const admin = async (method: string, path: string, body?: unknown) => {
  const response = await telephony.service.admin(method, path, body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const newLine = async (more: object = {}) => {
  const { body } = await admin('POST', 'service-lines', {
    name: 'a line',
    phone: newPhone('13'),
    open: true,
    position: 5,
    ...more,
  });
  return body as { id: string; phone: string; shown: unknown };
};
const shownIn = (form: URLSearchParams | undefined): string | undefined =>
  form?.get('Twiml')?.match(/callerId="([^"]*)"/)?.[1];
const shownTo = (callee: string): string | undefined =>
  shownIn(telephony.twilio.forms.find((form) => form.get('Twiml')?.includes(callee)));

describe('the number that the callee’s phone shows', () => {
  it('is the request’s, else the line’s, else the caller’s, else one of the settings', async () => {
    const userId = await telephony.user('twilio');
    const line = await newLine({ shown: { toCallee: OF_LINE } });
    const other = await newLine();
    const place = async (callee: { serviceLine: string }, more: object = {}) => {
      const { status, body } = await calls.place({ caller: { userId }, callee, ...more });
      expect(status).toBe(201);
      await calls.ask('POST', `/${String(body.callSid)}/cancel`, {});
      return shownIn(telephony.twilio.forms.findLast((form) => form.has('Twiml')));
    };

    expect(POOL).toContain(await place({ serviceLine: other.id }));
    await admin('PATCH', `users/${userId}`, { shown: { toCallee: OF_USER } });
    expect(await place({ serviceLine: other.id })).toBe(OF_USER);
    expect(await place({ serviceLine: line.id })).toBe(OF_LINE);
    expect(await place({ serviceLine: line.id }, { shown: { toCallee: OF_REQUEST } })).toBe(OF_REQUEST);
  });

  it('is of the callee’s area if the setting has one, and the caller’s phone shows the account’s', async () => {
    const callee = '+12125550199';

    await calls.place({ caller: { phone: newPhone() }, callee: { phone: callee } });

    expect(shownTo(callee)).toBe('+12125550101');
    expect(telephony.twilio.forms.at(-1)?.get('From')).toBe(CALLER_NUMBER);
  });

  it('is the caller’s in a call by the app too', async () => {
    const [userId, phone] = [await telephony.user('twilio'), newPhone('13')];
    await admin('PUT', 'users', {
      users: [
        { id: userId, name: 'Somebody', phone: '13900001001', shown: { toCallee: OF_USER } },
        { id: '700500', name: 'callee', phone, shown: { toCallee: OF_LINE } },
      ],
    });

    expect(await telephony.service.ask(userId, 'call/700500')).toMatchObject({ returnCode: 200 });

    expect(shownTo(phone)).toBe(OF_USER);
  });
});

it('the caller’s phone shows the user’s own number at Twilio, also if the reply to the dial is lost', async () => {
  const [userId, phone] = [await telephony.user('twilio'), newPhone('13')];
  await admin('PATCH', `users/${userId}`, { shown: { toCaller: OF_USER } });
  telephony.twilio.replyNext(500, JSON.stringify({ code: 20500, message: 'Internal Server Error', status: 500 }));

  const { body } = await calls.place({ caller: { userId }, callee: { phone }, provider: 'twilio' });

  const form = telephony.twilio.forms.findLast((one) => one.get('Twiml')?.includes(phone));
  expect(form?.get('From')).toBe(OF_USER);
  const { callSid } = body as { callSid: string };
  const shown = await waitFor('the call, which its provider is asked for', async () => {
    const { body: call } = await admin('GET', `calls/${callSid}`);
    const events = call.events as { type: string; detail: { shown?: unknown } | null }[];
    if (!events.some(({ type }) => type === 'accepted')) return undefined;
    return events.find(({ type }) => type === 'requested')?.detail?.shown;
  });
  expect(shown).toEqual({ toCaller: OF_USER });
  const authorization = `Bearer ${await telephony.service.token('9002', 'admin:read')}`;
  const masked = await fetch(`${telephony.service.url}/v1/admin/calls/${callSid}`, { headers: { authorization } });
  expect(masked.status).toBe(200);
  expect(await masked.text()).not.toContain(OF_USER);
});

it('both numbers of a line and of a user are combined, and 容联 gets them as it dials', async () => {
  const userId = await telephony.user('yuntongxun');
  await admin('PATCH', `users/${userId}`, { shown: { toCaller: '010 5646 9501', toCallee: '010 5646 9502' } });
  const line = await newLine({ shown: { toCaller: '4008005555' } });

  await calls.place({ caller: { userId }, callee: { serviceLine: line.id }, provider: 'yuntongxun' });

  expect(telephony.yuntongxun.calls.dials.at(-1)?.fields).toMatchObject({
    fromSerNum: '4008005555',
    customerSerNum: '01056469502',
  });
});

describe('the admin API', () => {
  it('keeps, changes and removes the numbers of a user, alone and in a list', async () => {
    const row = { id: '700600', name: 'a user', phone: null };
    const NONE = { toCaller: null, toCallee: null };
    const sync = async (shown?: object) =>
      (await admin('PUT', 'users', { users: [{ ...row, ...(shown && { shown }) }] })).body;
    const shown = async () => (await admin('GET', 'users/700600')).body.shown;

    const created = await admin('POST', 'users', { ...row, shown: { toCallee: '010 5646 9588' } });
    expect(created).toMatchObject({ status: 201, body: { shown: { toCaller: null, toCallee: '+861056469588' } } });
    expect((await admin('PATCH', 'users/700600', { name: 'renamed' })).body.shown).toEqual(created.body.shown);
    expect((await admin('PATCH', 'users/700600', { shown: {} })).body.shown).toEqual(NONE);
    expect(await sync({ toCaller: '4008001234' })).toMatchObject({ changed: 1 });
    expect(await sync({ toCaller: '400-800-1234' })).toMatchObject({ unchanged: 1 });
    expect(await sync()).toMatchObject({ unchanged: 1 });
    expect(await shown()).toEqual({ toCaller: '+864008001234', toCallee: null });
  });

  it('shows a row of an older version without numbers', async () => {
    const line = await newLine();
    await telephony.service.database.query('update service_line set shown = null where id = $1', [line.id]);

    expect((await admin('GET', `service-lines/${line.id}`)).body.shown).toEqual({ toCaller: null, toCallee: null });
  });

  it.each([
    [{ toCallee: 'none' }, '/shown/toCallee'],
    [{ toCaller: '010-56469588转1' }, '/shown/toCaller'],
    [{ toCaller: 5 }, '/shown'],
    [{ toBoth: null }, '/shown'],
    ['4008001234', '/shown'],
    [null, '/shown'],
  ])('refuses %j and names the field', async (shown, where) => {
    const line = { name: 'a line', phone: newPhone(), open: false, position: 9, shown };
    const user = { id: '700700', name: 'a user', shown };
    const answers = [
      await admin('POST', 'service-lines', line),
      await admin('POST', 'users', user),
      await admin('PUT', 'users', { users: [user] }),
    ];

    const wheres = answers.map(({ status, body }) => [status, (body.errors as { where: string }[])[0]?.where]);

    expect(wheres).toEqual([
      [400, where],
      [400, where],
      [400, `/users/0${where}`],
    ]);
  });

  it('masks them in the audit', async () => {
    const line = await newLine({ shown: { toCallee: OF_LINE } });

    const { body } = await admin('GET', `audit?target=service-line:${line.id}`);

    expect(JSON.stringify(body)).toContain('"toCallee":"+14****0104"');
  });
});
