import { NONE_SHOWN } from '../../src/directory/shown-numbers.js';
import { MAX_LONG } from '../../src/common/long.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

/** Ids outside the demo directory, a new one for each test. */
let nextId = 500_000;
const freshId = (): string => String(nextId++);

const created = async (fields: object = {}): Promise<string> => {
  const id = freshId();
  const response = await service.admin('POST', 'users', { id, name: '王小明', ...fields });
  expect(response.status).toBe(201);
  return id;
};

const stored = async (id: string): Promise<unknown> => {
  const [row] = await service.database.query<unknown[]>('select id, name, phone from app_user where id = $1', [id]);
  return row;
};

describe('creating a user', () => {
  it('answers 201 with the user, a normalized phone, and a location', async () => {
    const id = freshId();

    const response = await service.admin('POST', 'users', { id, name: ' 王小明 ', phone: '138 0013-8000' });

    const user = { id, name: '王小明', phone: '+8613800138000' };
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/v1/admin/users/${id}`);
    expect(await response.json()).toEqual({ ...user, externalId: null, blocked: false, shown: NONE_SHOWN });
    expect(await stored(id)).toEqual(user);
  });

  it('stores the greatest Long exactly', async () => {
    const response = await service.admin('POST', 'users', { id: MAX_LONG, name: 'last' });

    expect(await response.json()).toEqual({
      id: MAX_LONG,
      name: 'last',
      phone: null,
      externalId: null,
      blocked: false,
      shown: NONE_SHOWN,
    });
    expect(await stored(MAX_LONG)).toMatchObject({ id: MAX_LONG });
  });

  it('refuses an existing id with 409, and does not change the user', async () => {
    const id = await created({ phone: '95588' });

    const response = await service.admin('POST', 'users', { id, name: 'somebody else' });

    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ status: 409, code: 'CONFLICT', detail: expect.stringContaining(id) });
    expect(await stored(id)).toEqual({ id, name: '王小明', phone: '95588' });
  });

  it('answers one 201 and otherwise 409 to concurrent requests with the same id', async () => {
    const id = freshId();

    const responses = await Promise.all(
      Array.from({ length: 8 }, () => service.admin('POST', 'users', { id, name: 'twin' })),
    );

    expect(responses.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it.each([
    ['a JSON number for an id', { id: 5, name: 'a' }, '/id', 'a JSON number cannot hold every Long'],
    ['an exponent', { id: '1e3', name: 'a' }, '/id', 'decimal digits'],
    ['a blank before the id', { id: ' 5', name: 'a' }, '/id', 'decimal digits'],
    ['zero', { id: '0', name: 'a' }, '/id', 'decimal digits'],
    ['a leading zero', { id: '05', name: 'a' }, '/id', 'decimal digits'],
    ['one more than the greatest Long', { id: '9223372036854775808', name: 'a' }, '/id', 'decimal digits'],
    ['no id', { name: 'a' }, '/id', 'decimal digits'],
    ['no name', { id: '7' }, '/name', 'must be a string'],
    ['a blank name', { id: '7', name: ' \t ' }, '/name', 'must not'],
    ['a name of 101 characters', { id: '7', name: '名'.repeat(101) }, '/name', '100 characters at most; these are 101'],
    ['a name that is too long to be looked at', { id: '7', name: '\0'.repeat(201) }, '/name', '100 characters at most'],
    ['a NUL in the name', { id: '7', name: 'a\u0000b' }, '/name', 'control characters'],
    ['an unpaired surrogate', { id: '7', name: 'a\ud83d' }, '/name', 'unpaired surrogates'],
    ['a number for a phone', { id: '7', name: 'a', phone: 13800138000 }, '/phone', 'must be a string'],
    ['a malformed phone', { id: '7', name: 'a', phone: '12' }, '/phone', 'not a number that can be dialled'],
    ['an emergency number', { id: '7', name: 'a', phone: '110' }, '/phone', 'not a number that can be dialled'],
    ['a NUL in the phone', { id: '7', name: 'a', phone: '95588\u0000' }, '/phone', 'not a number that can be dialled'],
    ['an unknown field', { id: '7', name: 'a', secret: 'b' }, '/secret', 'should not exist'],
  ])('refuses %s and names the field', async (_, body, where, what) => {
    const response = await service.admin('POST', 'users', body);

    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      type: 'about:blank',
      status: 400,
      code: 'BAD_REQUEST',
      errors: expect.arrayContaining([{ where, what: expect.stringContaining(what) }]),
    });
    expect(await stored('7')).toBeUndefined();
  });

  it('accepts a name of a hundred characters outside the basic plane', async () => {
    const name = '😀'.repeat(100);

    const id = await created({ name });

    expect(await stored(id)).toMatchObject({ name });
  });

  it.each([[[]], ['text'], [5], [null], [[{ id: '7', name: 'a' }]]])('refuses %j as a body', async (body) => {
    const response = await service.admin('POST', 'users', body);

    expect(response.status).toBe(400);
  });
});

describe('the external id of a user', () => {
  const named = async (externalId: string): Promise<string> => created({ externalId });
  const shown = async (id: string): Promise<unknown> =>
    ((await (await service.admin('GET', `users/${id}`)).json()) as { externalId: unknown }).externalId;

  it.each(['7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11', 'auth0|5f7c', ' kept with its blanks ', '12a', '😀'.repeat(128)])(
    'is stored exactly, and finds the user: %j',
    async (externalId) => {
      const id = await named(externalId);

      const found = await service.admin('GET', `users?externalId=${encodeURIComponent(externalId)}`);

      expect(await shown(id)).toBe(externalId);
      expect(await found.json()).toEqual({
        items: [{ id, name: '王小明', phone: null, externalId, blocked: false, shown: NONE_SHOWN }],
        next: null,
      });
    },
  );

  it('that nobody has finds no user', async () => {
    expect(await (await service.admin('GET', 'users?externalId=nobody')).json()).toEqual({ items: [], next: null });
  });

  it.each([
    ['digits', '1001', 'must not be a number'],
    ['digits with a sign', '-1001', 'must not be a number'],
    ['digits with blanks', ' 1001 ', 'must not be a number'],
    ['more digits than a Long has', '9'.repeat(40), 'must not be a number'],
    ['the subject of an API key', 'key:1', 'must not begin with "key:"'],
    ['a NUL', 'a\u0000', 'control characters'],
    ['an unpaired surrogate', 'a\ud83d', 'unpaired surrogates'],
    ['an empty text', '', 'must not be blank'],
    ['129 characters', 'x'.repeat(129), '128 characters at most; these are 129'],
    ['a text that is too long to be looked at', '\0'.repeat(257), '128 characters at most'],
    ['a number', 5, 'must be a string, or null for none'],
  ])('is refused if it is %s, in each request', async (_, externalId, what) => {
    const id = freshId();
    const fault = { what: expect.stringContaining(what) as unknown };
    const responses = [
      await service.admin('POST', 'users', { id, name: 'a', externalId }),
      await service.admin('PATCH', 'users/1001', { externalId }),
      await service.admin('PUT', 'users', { users: [{ id, name: 'a', externalId }] }),
    ];

    expect(responses.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await Promise.all(responses.map((response) => response.json()))).toMatchObject([
      { errors: [{ where: '/externalId', ...fault }] },
      { errors: [{ where: '/externalId', ...fault }] },
      { errors: [{ where: '/users/0/externalId', ...fault }] },
    ]);
  });

  it('of another user is refused with 409', async () => {
    await named('taken');
    const id = await named('free');

    const responses = [
      await service.admin('POST', 'users', { id: freshId(), name: 'a', externalId: 'taken' }),
      await service.admin('PATCH', `users/${id}`, { externalId: 'taken' }),
    ];

    for (const response of responses) {
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({
        code: 'CONFLICT',
        detail: 'Another user has this externalId; remove it there first.',
      });
    }
    expect(await shown(id)).toBe('free');
  });

  it('is changed and removed by PATCH, and stays if it is absent', async () => {
    const id = await named('first');
    const change = async (body: object): Promise<unknown> => {
      expect((await service.admin('PATCH', `users/${id}`, body)).status).toBe(200);
      return shown(id);
    };

    expect(await change({ name: 'another' })).toBe('first');
    expect(await change({ externalId: 'second' })).toBe('second');
    expect(await change({ externalId: null })).toBeNull();
  });

  it('belongs to one user, of concurrent requests', async () => {
    const responses = await Promise.all(
      Array.from({ length: 8 }, () =>
        service.admin('POST', 'users', { id: freshId(), name: 'twin', externalId: 'of twins' }),
      ),
    );

    expect(responses.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });
});

describe('reading users', () => {
  it('returns one user by id', async () => {
    const id = await created({ phone: '010-56469588' });

    const response = await service.admin('GET', `users/${id}`);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id,
      name: '王小明',
      phone: '+861056469588',
      externalId: null,
      blocked: false,
      shown: NONE_SHOWN,
    });
  });

  it.each(['GET', 'PATCH', 'DELETE'])('answers 404 to %s of an unknown or malformed id', async (method) => {
    const body = method === 'PATCH' ? { name: 'a' } : undefined;
    for (const id of ['499999', '1e3', '%205', '0', '-1', '12345678901234567890', '1%00', '%zz', 'me', "1'--"]) {
      const response = await service.admin(method, `users/${id}`, body);

      expect({ id, status: response.status }).toEqual({ id, status: 404 });
      expect(await response.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('user') });
    }
  });

  it('lists all users once, by numeric id, page by page', async () => {
    await created();
    const ids: string[] = [];
    let next: string | null = null;
    do {
      const response = await service.admin('GET', `users?limit=7${next ? `&after=${next}` : ''}`);
      const page = (await response.json()) as { items: { id: string }[]; next: string | null };
      expect(page.items.length).toBeGreaterThan(0);
      expect(page.items.length).toBeLessThanOrEqual(7);
      ids.push(...page.items.map(({ id }) => id));
      next = page.next;
    } while (next);

    const all = await service.database.query<{ id: string }[]>('select id from app_user order by id');
    expect(ids).toEqual(all.map(({ id }) => id));
  });

  it('has no next cursor after a last page that is exactly full', async () => {
    const [last] = await service.database.query<{ id: string }[]>(
      'select id from app_user order by id desc offset 1 limit 1',
    );

    const response = await service.admin('GET', `users?limit=1&after=${last!.id}`);

    expect(await response.json()).toMatchObject({ items: [expect.anything()], next: null });
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['limit=', '/limit'],
    ['limit=1e2', '/limit'],
    ['limit=%205', '/limit'],
    ['limit=5&limit=6', '/limit'],
    ['after=', 'after'],
    ['after=1e3', 'after'],
    ['after=1%00', 'after'],
    ['after=1&after=2', '/after'],
    ['page=2', '/page'],
    ['externalId=1001', '/externalId'],
    ['externalId=', '/externalId'],
  ])('refuses ?%s', async (query, where) => {
    const response = await service.admin('GET', `users?${query}`);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where }] });
  });
});

describe('changing a user', () => {
  it.each([
    [{ name: ' 李小红 ' }, { name: '李小红', phone: '95588' }],
    [{ phone: '+86 10 5646 9588' }, { name: '王小明', phone: '+861056469588' }],
    [{ phone: null }, { name: '王小明', phone: null }],
    [{}, { name: '王小明', phone: '95588' }],
  ])('applies %j and keeps the other fields', async (change, expected) => {
    const id = await created({ phone: '95588' });

    const response = await service.admin('PATCH', `users/${id}`, change);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id, ...expected, externalId: null, blocked: false, shown: NONE_SHOWN });
    expect(await stored(id)).toEqual({ id, ...expected });
  });

  it.each([
    [{ name: null }, '/name'],
    [{ name: '' }, '/name'],
    [{ phone: 5 }, '/phone'],
    [{ phone: '' }, '/phone'],
    [{ id: '1' }, '/id'],
  ])('refuses %j and changes nothing', async (change, where) => {
    const id = await created({ phone: '95588' });

    const response = await service.admin('PATCH', `users/${id}`, change);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ where }] });
    expect(await stored(id)).toEqual({ id, name: '王小明', phone: '95588' });
  });
});

describe('removing a user', () => {
  it('answers 204 without a body, and 404 afterwards', async () => {
    const id = await created();

    const response = await service.admin('DELETE', `users/${id}`);

    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(await stored(id)).toBeUndefined();
    expect((await service.admin('DELETE', `users/${id}`)).status).toBe(404);
  });

  it('removes the user’s sub-accounts too', async () => {
    const id = await created();
    await service.admin('PUT', `users/${id}/sub-accounts/simulator`, { externalId: 'a', secret: 'b' });

    await service.admin('DELETE', `users/${id}`);

    expect(await service.database.query('select from sub_account where user_id = $1', [id])).toEqual([]);
  });
});
