/** Phones with an extension: in the directory, and from a request to the tones after the answer. */
import { maskPhone } from '../../src/common/phone-number.js';
import { backend, newPhone, type Backend } from '../support/backend.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';

let telephony: TwoProviders;
let calls: Backend;

beforeAll(async () => {
  // Each number gets one call a day.
  telephony = await startTwoProviders({ CALLS_PER_CALLEE: '1/1d' });
  calls = backend(telephony.service);
});
afterAll(() => telephony.close());

const admin = async (method: string, path: string, body?: unknown) => {
  const response = await telephony.service.admin(method, path, body);
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
};
const formOf = (callee: string): URLSearchParams | undefined =>
  telephony.twilio.forms.find((form) => form.get('Twiml')?.includes(callee));
const written = (phone: string, extension: string): string => `${phone.replace('+86', '')}转${extension}`;

let nextId = 700_001;
const newUser = async (phone: string): Promise<string> => {
  const id = String(nextId++);
  expect((await admin('POST', 'users', { id, name: 'A user', phone })).status).toBe(201);
  return id;
};
const phoneOf = async (path: string): Promise<unknown> => (await admin('GET', path)).body.phone;

describe('a call to a number with an extension', () => {
  it('is carried by the first provider that can dial the extension, which gets it as tones', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');
    const callee = newPhone('13');
    const before = telephony.yuntongxun.requests.length;

    const { status, body } = await calls.place({ caller: { userId }, callee: { phone: written(callee, '8001') } });

    expect({ status, body }).toMatchObject({ status: 201, body: { provider: 'twilio', calleePhone: callee } });
    expect(formOf(callee)?.get('Twiml')).toMatch(
      new RegExp(`<Number [^>]*sendDigits="wwww8001"[^>]*>\\${callee}</Number>`),
    );
    expect(telephony.yuntongxun.requests).toHaveLength(before);
    const { events } = (await admin('GET', `calls/${String(body.callSid)}`)).body as {
      events: { type: string; detail: unknown }[];
    };
    expect(events.find(({ type }) => type === 'requested')).toMatchObject({
      detail: { dialled: `${callee};ext=8001` },
    });
  });

  it('is carried by a provider that dials the extensions of landlines, if it is one', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');

    const { status, body } = await calls.place({ caller: { userId }, callee: { phone: '010-56469513转8001' } });

    expect({ status, body }).toMatchObject({ status: 201, body: { provider: 'yuntongxun' } });
    expect(telephony.yuntongxun.calls.dials.map(({ fields }) => fields.to)).toContain('01056469513-8001');
  });

  it('shows nothing of the extension in the masked bundle', async () => {
    const callee = newPhone('13');
    const { body } = await calls.place({ caller: { phone: newPhone() }, callee: { phone: written(callee, '80019') } });

    const bundle = await (await telephony.service.admin('GET', `calls/${String(body.callSid)}/bundle`)).text();

    expect(bundle).toContain(';ext=****');
    expect(bundle).not.toContain('80019');
    expect(bundle).not.toContain(callee.slice(3));
  });

  it('is refused at once if no provider can dial it, and nothing is sent', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');
    const callee = { phone: written(newPhone('13'), '8001') };
    const before = telephony.yuntongxun.requests.length;

    const { status, body } = await calls.place({ caller: { userId }, callee, provider: 'yuntongxun' });

    expect({ status, body }).toMatchObject({
      status: 422,
      body: {
        code: 'EXTENSION_NOT_DIALLED',
        errors: [
          {
            where: '/callee',
            what: 'The callee’s number has an extension, and no provider of the route can dial one.',
          },
        ],
      },
    });
    expect(telephony.yuntongxun.requests).toHaveLength(before);
  });

  it('is refused if it is the caller’s', async () => {
    const caller = { phone: written(newPhone(), '8001') };

    expect(await calls.place({ caller, callee: { phone: newPhone('13') } })).toMatchObject({
      status: 422,
      body: { code: 'EXTENSION_NOT_DIALLED', errors: [{ where: '/caller' }] },
    });
  });

  it('is refused if the text is no number with an extension, and never becomes another number', async () => {
    for (const phone of ['95588-1-2', '95588 1', '955881234567']) {
      expect(await calls.place({ caller: { phone: newPhone() }, callee: { phone } })).toMatchObject({
        status: 400,
        body: { errors: [{ where: '/callee/phone' }] },
      });
    }
  });

  it('counts as a call to the number, whatever the extension', async () => {
    const callee = newPhone('13');
    const place = (phone: string) => calls.place({ caller: { phone: newPhone() }, callee: { phone } });

    const first = await place(written(callee, '8001'));
    const second = await place(written(callee, '8002'));

    expect([first.status, second.status, second.body.code]).toEqual([201, 429, 'CALLEE_CALLED_TOO_OFTEN']);
  });

  it('is refused if the number is on the suppression list', async () => {
    const callee = newPhone('13');
    await admin('PUT', 'suppressions', { suppressions: [{ phone: callee }] });

    const { body } = await calls.place({ caller: { phone: newPhone() }, callee: { phone: written(callee, '8001') } });

    expect(body).toMatchObject({ code: 'NUMBER_SUPPRESSED' });
  });

  it('is seen in a dry run, with the providers that cannot dial it', async () => {
    const userId = await telephony.user('yuntongxun', 'twilio');
    const phone = encodeURIComponent(written(newPhone('13'), '8001'));

    const { body } = await admin('GET', `dry-run?callerId=${userId}&phone=${phone}`);

    expect(body).toMatchObject({
      carrier: 'twilio',
      providers: [
        { provider: 'yuntongxun', verdict: 'passed_over', why: 'It cannot dial an extension.' },
        { provider: 'twilio', verdict: 'carries' },
      ],
    });
    expect(body.checks).toContainEqual({ rule: 'extension', saw: 'an extension', said: 'allowed' });
  });

  it.each(['转8001', '-8001', ' ext 8001'])(
    'leaves no digit of the extension %s in the audit of a dry run',
    async (extension) => {
      const userId = await telephony.user('yuntongxun', 'twilio');
      const callee = newPhone('13');
      const phone = encodeURIComponent(callee.replace('+86', '') + extension);

      await admin('GET', `dry-run?callerId=${userId}&phone=${phone}`);

      const { body } = await admin('GET', 'audit?limit=1');
      const [{ detail }] = body.items as [{ detail: unknown }];
      expect(detail).toEqual({ query: { callerId: userId, phone: maskPhone(callee) } });
    },
  );
});

describe('the directory', () => {
  it('keeps an extension with a user’s number, and an app’s call dials it', async () => {
    const callee = newPhone('13');
    const userId = await telephony.user('twilio');
    const calleeId = await newUser(written(callee, '0'));

    expect(await phoneOf(`users/${calleeId}`)).toBe(`${callee};ext=0`);
    expect(await telephony.service.ask(userId, `call/${calleeId}`)).toMatchObject({ returnCode: 200 });

    expect(formOf(callee)?.get('Twiml')).toContain('sendDigits="wwww0"');
  });

  it('refuses a call of a user whose own phone has one, with the contract’s reply', async () => {
    const callerId = await newUser(written(newPhone(), '8001'));
    await admin('PUT', `users/${callerId}/sub-accounts/twilio`, { externalId: `AC${'1'.repeat(32)}`, secret: 'x' });

    expect(await telephony.service.ask(callerId, `call/${await newUser(newPhone('13'))}`)).toMatchObject({
      returnCode: 400,
      returnMsg: '呼叫请求的参数有误,请联系管理员!',
    });
  });

  it('keeps one with a service line’s number', async () => {
    const phone = newPhone('13');
    const { body } = await admin('POST', 'service-lines', {
      name: 'behind a switchboard',
      phone: `${phone},8001`,
      open: true,
      position: 1,
    });

    const { status } = await calls.place({ caller: { phone: newPhone() }, callee: { serviceLine: body.id } });

    expect({ status, phone: body.phone }).toEqual({ status: 201, phone: `${phone};ext=8001` });
    expect(formOf(phone)?.get('Twiml')).toContain('sendDigits="wwww8001"');
    expect((await admin('PATCH', `service-lines/${String(body.id)}`, { name: 'renamed' })).body.phone).toBe(body.phone);
    expect((await admin('PATCH', `service-lines/${String(body.id)}`, { phone })).body.phone).toBe(phone);
  });

  it('changes and removes one with the number, in single changes and in lists', async () => {
    const phone = newPhone();
    const id = await newUser(written(phone, '8001'));
    const change = async (to: string | null) => (await admin('PATCH', `users/${id}`, { phone: to })).body.phone;
    const sync = async (to: string) =>
      (await admin('PUT', 'users', { users: [{ id, name: 'A user', phone: to }] })).body;

    expect((await admin('PATCH', `users/${id}`, { name: 'A user' })).body.phone).toBe(`${phone};ext=8001`);
    expect(await change(`${phone};ext=8002`)).toBe(`${phone};ext=8002`);
    expect(await change(phone)).toBe(phone);
    expect(await change(null)).toBeNull();
    expect(await sync(written(phone, '8003'))).toMatchObject({ changed: 1 });
    expect(await sync(`${phone}-8003`)).toMatchObject({ unchanged: 1 });
    expect(await phoneOf(`users/${id}`)).toBe(`${phone};ext=8003`);
  });

  it('ignores the extension of another number, which a version without extensions leaves behind', async () => {
    const [former, phone] = [newPhone(), newPhone()];
    const id = await newUser(written(former, '8001'));

    await telephony.service.database.query('update app_user set phone = $2 where id = $1', [id, phone]);

    expect(await phoneOf(`users/${id}`)).toBe(phone);
  });

  it('masks it in the audit', async () => {
    const id = await newUser(written(newPhone(), '80018'));

    const { body } = await admin('GET', `audit?target=user:${id}`);

    expect(JSON.stringify(body)).toContain(';ext=****');
    expect(JSON.stringify(body)).not.toContain('80018');
  });
});
