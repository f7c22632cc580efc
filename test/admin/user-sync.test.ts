import { readUserRows } from '../../src/directory/user-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
beforeEach(() => service.database.query('truncate app_user cascade'));
afterAll(() => service.close());

interface Row {
  readonly id: string;
  readonly name: string;
  readonly phone?: string | null;
}

const rows = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({
    id: String(1_000_000 + index),
    name: `用户${index}`,
    phone: `138${String(index).padStart(8, '0')}`,
  }));

const sync = (users: unknown) => service.admin('PUT', 'users', { users });

const stored = () => service.database.query<unknown[]>('select id, name, phone from app_user order by id');

it('creates and changes users, leaves others unchanged, and counts each', async () => {
  await sync([
    { id: '1', name: 'unchanged', phone: '13800138000' },
    { id: '2', name: 'renamed', phone: '95588' },
    { id: '3', name: 'gets another phone', phone: '95588' },
    { id: '4', name: 'not mentioned again', phone: '95588' },
  ]);

  const response = await sync([
    { id: '5', name: 'new', phone: '010-56469588' },
    { id: '1', name: ' unchanged ', phone: '+86 138 0013 8000' },
    { id: '2', name: 'has a new name', phone: '95588' },
    { id: '3', name: 'gets another phone', phone: '10086' },
  ]);

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ created: 1, changed: 2, unchanged: 1 });
  expect(await stored()).toEqual([
    { id: '1', name: 'unchanged', phone: '+8613800138000' },
    { id: '2', name: 'has a new name', phone: '95588' },
    { id: '3', name: 'gets another phone', phone: '10086' },
    { id: '4', name: 'not mentioned again', phone: '95588' },
    { id: '5', name: 'new', phone: '+861056469588' },
  ]);
});

it.each(['"\\"'.repeat(30), '{"a","b"}', 'NULL', "'; --", '😀\u2028名', '\\u0041'])(
  'keeps the name %j as it is',
  async (name) => {
    await sync([{ id: '1', name, phone: null }]);

    expect(await stored()).toEqual([{ id: '1', name, phone: null }]);
  },
);

it.each([
  ['absent', { id: '1', name: 'a' }],
  ['null', { id: '1', name: 'a', phone: null }],
])('unbinds a phone that is %s', async (_, row) => {
  await sync([{ id: '1', name: 'a', phone: '95588' }]);

  const response = await sync([row]);

  expect(await response.json()).toEqual({ created: 0, changed: 1, unchanged: 0 });
  expect(await stored()).toEqual([{ id: '1', name: 'a', phone: null }]);
});

it('does not change sub-accounts', async () => {
  await sync([{ id: '1', name: 'a', phone: '95588' }]);
  await service.admin('PUT', 'users/1/sub-accounts/simulator', { externalId: 'account', secret: 'secret' });

  await sync([{ id: '1', name: 'b' }]);

  expect((await service.admin('GET', 'users/1/sub-accounts/simulator')).status).toBe(200);
});

describe('an external id in a row', () => {
  const externalIds = () =>
    service.database.query<unknown[]>('select id, external_id as "externalId" from app_user order by id');

  it('is stored, stays if it is absent, and is removed by null', async () => {
    await sync(['1', '2', '3'].map((id) => ({ id, name: 'a', externalId: `ext-${id}` })));

    const response = await sync([
      { id: '1', name: 'b' },
      { id: '2', name: 'a', externalId: null },
      { id: '3', name: 'a', externalId: 'ext-3' },
    ]);

    expect(await response.json()).toEqual({ created: 0, changed: 2, unchanged: 1 });
    expect(await externalIds()).toEqual([
      { id: '1', externalId: 'ext-1' },
      { id: '2', externalId: null },
      { id: '3', externalId: 'ext-3' },
    ]);
  });

  it('moves to another user of the list', async () => {
    await sync([
      { id: '1', name: 'a', externalId: 'one' },
      { id: '2', name: 'a', externalId: 'two' },
    ]);

    const response = await sync([
      { id: '1', name: 'a', externalId: 'two' },
      { id: '2', name: 'a', externalId: 'one' },
    ]);

    expect(await response.json()).toEqual({ created: 0, changed: 2, unchanged: 0 });
    expect(await externalIds()).toEqual([
      { id: '1', externalId: 'two' },
      { id: '2', externalId: 'one' },
    ]);
  });

  it('moves along, and the user who loses it without another counts as changed', async () => {
    await sync([
      { id: '1', name: 'a', externalId: 'one' },
      { id: '2', name: 'a', externalId: 'two' },
      { id: '3', name: 'a', externalId: 'three' },
    ]);

    const response = await sync([
      { id: '1', name: 'a', externalId: 'two' },
      { id: '2', name: 'a', externalId: 'three' },
      { id: '3', name: 'a', externalId: null },
    ]);

    expect(await response.json()).toEqual({ created: 0, changed: 3, unchanged: 0 });
    expect(await externalIds()).toEqual([
      { id: '1', externalId: 'two' },
      { id: '2', externalId: 'three' },
      { id: '3', externalId: null },
    ]);
  });

  it('that moves is not lost if another one of the list belongs to a user who keeps it', async () => {
    await sync([
      { id: '1', name: 'a', externalId: 'one' },
      { id: '2', name: 'a', externalId: 'two' },
      { id: '3', name: 'a', externalId: 'kept' },
    ]);

    const response = await sync([
      { id: '1', name: 'a', externalId: 'two' },
      { id: '2', name: 'a', externalId: 'kept' },
    ]);

    expect(response.status).toBe(409);
    expect(await externalIds()).toMatchObject([{ externalId: 'one' }, { externalId: 'two' }, { externalId: 'kept' }]);
  });

  it('that occurs twice is refused, and so is that of a user who keeps it; nothing is changed', async () => {
    await sync([
      { id: '1', name: 'a', externalId: 'one' },
      { id: '2', name: 'a', externalId: 'two' },
    ]);

    const twice = await sync([
      { id: '3', name: 'a', externalId: 'three' },
      { id: '4', name: 'a', externalId: 'three' },
    ]);
    const taken = await sync([
      { id: '5', name: 'a', externalId: 'five' },
      { id: '6', name: 'a', externalId: 'one' },
      { id: '2', name: 'a', externalId: 'of my own' },
    ]);

    expect([twice.status, await twice.json()]).toMatchObject([
      400,
      { errors: [{ where: '/users/1/externalId', what: 'is the externalId of /users/0 too' }] },
    ]);
    expect([taken.status, await taken.json()]).toMatchObject([
      409,
      { code: 'CONFLICT', errors: [{ where: '/users/1/externalId', what: 'belongs to user 1' }] },
    ]);
    expect(await externalIds()).toEqual([
      { id: '1', externalId: 'one' },
      { id: '2', externalId: 'two' },
    ]);
  });

  it.each([
    [
      'moves between the same users',
      [
        ['1', 'one'],
        ['2', 'two'],
      ],
    ],
    ['gives to the same new users', []],
  ])('is stored although another request %s at the same time', async (_, before) => {
    await sync(before.map(([id, externalId]) => ({ id, name: 'a', externalId })));
    const other = service.database.createQueryRunner();
    await other.startTransaction();
    try {
      await other.query('update app_user set external_id = null');
      await other.query(
        `insert into app_user (id, name, external_id) values (1, 'a', 'two'), (2, 'a', 'one')
         on conflict (id) do update set external_id = excluded.external_id`,
      );
      const response = sync([
        { id: '1', name: 'a', externalId: 'one' },
        { id: '2', name: 'a', externalId: 'two' },
      ]);
      await waitFor('the list to wait for the other request', async () => {
        const [waiting] = await service.database.query<unknown[]>(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting;
      });
      await other.commitTransaction();

      expect((await response).status).toBe(200);
    } finally {
      await other.release();
    }
    expect(await externalIds()).toEqual([
      { id: '1', externalId: 'one' },
      { id: '2', externalId: 'two' },
    ]);
  });
});

describe('sub-accounts in a row', () => {
  const SECRET = 'known to the provider alone';
  const account = (more: object = {}) => ({ provider: 'simulator', externalId: 'account', secret: SECRET, ...more });
  const row = (id: string, ...subAccounts: object[]) => ({ id, name: 'a', phone: '95588', subAccounts });
  const accounts = () =>
    service.database.query<{ secret: string }[]>(
      'select user_id as "userId", provider, external_id as "externalId", secret, key_name as "keyName" from sub_account order by 1',
    );

  it('are stored encrypted, and carry the user’s calls', async () => {
    const response = await sync([row('1', account({ externalId: ' account ' })), row('2')]);

    expect(await response.json()).toEqual({ created: 2, changed: 0, unchanged: 0 });
    const stored = await accounts();
    expect(stored).toMatchObject([{ userId: '1', provider: 'simulator', externalId: 'account', keyName: 'test' }]);
    expect(stored[0]!.secret).not.toContain(SECRET);
    await sync([{ id: '9', name: 'callee', phone: '10086' }]);
    expect(await service.ask('1', 'call/9')).toMatchObject({ returnCode: 200 });
    expect(await service.ask('2', 'call/9')).toMatchObject({ returnMsg: '无通讯子账户,请联系管理员!' });
  });

  it('are written only if they have changed, and a user with a changed one counts as changed', async () => {
    await sync([row('1', account()), row('2', account()), row('3', account()), row('4')]);
    const before = await accounts();

    const response = await sync([
      row('1', account()),
      row('2', account({ secret: 'another' })),
      row('3'),
      { id: '4', name: 'renamed', phone: '95588', subAccounts: [account()] },
    ]);

    expect(await response.json()).toEqual({ created: 0, changed: 2, unchanged: 2 });
    const after = await accounts();
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]!.secret).not.toBe(before[1]!.secret);
    expect(after).toHaveLength(4);
  });

  it('are checked like single ones, each fault with its place', async () => {
    const response = await sync([
      row('1', account({ provider: 'nowhere' })),
      row('2', account({ secret: '' })),
      row('3', account({ externalId: 5, provider: null, more: 1 })),
      row('4', ...Array.from({ length: 100_000 }, () => ({}))),
      { id: '5', name: 'a', subAccounts: {} },
      { id: '6', name: 'a', subAccounts: [null] },
      { id: '7', name: 'a', subAccounts: null },
    ]);

    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { where: string; what: string }[] };
    expect(errors.map(({ where }) => where)).toEqual([
      '/users/0/subAccounts/0/provider',
      '/users/1/subAccounts/0/secret',
      '/users/2/subAccounts/0/more',
      '/users/2/subAccounts/0/provider',
      '/users/2/subAccounts/0/externalId',
      '/users/3/subAccounts',
      '/users/4/subAccounts',
      '/users/5/subAccounts/0',
      '/users/6/subAccounts',
    ]);
    expect(errors[0]!.what).toBe('must be a provider of this service: simulator');
    expect(await stored()).toEqual([]);
  });

  it('are one for each provider', async () => {
    const terms = { region: 'CN', providers: ['asterisk', 'twilio'] };
    const twins = [account({ provider: 'twilio' }), account({ provider: 'twilio' })];

    await expect(readUserRows({ users: [row('1', ...twins)] }, terms)).rejects.toMatchObject({
      faults: [{ where: '/users/0/subAccounts/1/provider', what: 'is the provider of /users/0/subAccounts/0 too' }],
    });
  });

  it('of ten thousand users are stored, and repeating the request writes none', async () => {
    const users = rows(10_000).map((user) => ({ ...user, externalId: `ext-${user.id}`, subAccounts: [account()] }));

    expect(await (await sync(users)).json()).toEqual({ created: 10_000, changed: 0, unchanged: 0 });
    expect(await (await sync(users)).json()).toEqual({ created: 0, changed: 0, unchanged: 10_000 });
  });
});

it('accepts ten thousand users in one request, and again', async () => {
  const first = await sync(rows(10_000));
  const second = await sync(rows(10_000));

  expect(await first.json()).toEqual({ created: 10_000, changed: 0, unchanged: 0 });
  expect(await second.json()).toEqual({ created: 0, changed: 0, unchanged: 10_000 });
  expect(await service.database.query('select count(*)::integer as count from app_user')).toEqual([{ count: 10_000 }]);
});

it('moves external ids between users far apart in a long list, in any order, and counts each user once', async () => {
  const users = rows(2500).map((user) => ({ ...user, externalId: `ext-${user.id}` }));
  await sync(users);
  const swapped = users.map((user, index) => ({ ...user, externalId: users.at(-1 - index)!.externalId })).reverse();

  const response = await sync(swapped);

  expect(await response.json()).toEqual({ created: 0, changed: 2500, unchanged: 0 });
  const found = await service.database.query(`select external_id as "externalId" from app_user order by id`);
  expect(found).toEqual(users.map(({ externalId }) => ({ externalId })).reverse());
  const [entry] = await service.database.query(`select detail from audit_entry order by id desc limit 1`);
  expect(entry.detail).toEqual({
    created: 0,
    changed: 2500,
    unchanged: 0,
    createdIds: [],
    changedIds: users.slice(0, 100).map(({ id }) => id),
  });
});

it('stores none of a long list whose last user has the external id of another', async () => {
  await sync([{ id: '1', name: 'a', phone: '95588', externalId: 'taken' }]);

  const users = rows(2500).map((user, index) => (index === 2499 ? { ...user, externalId: 'taken' } : user));
  const response = await sync(users);

  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({
    errors: [{ where: '/users/2499/externalId', what: 'belongs to user 1' }],
  });
  expect(await stored()).toEqual([{ id: '1', name: 'a', phone: '95588' }]);
});

it('accepts ten thousand users with the longest names, escaped as some encoders do', async () => {
  const users = rows(10_000).map((row) => ({ ...row, name: '名'.repeat(100) }));
  const body = JSON.stringify({ users }).replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );

  const response = await fetch(`${service.url}/v1/admin/users`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${await service.token('1', 'admin')}`, 'content-type': 'application/json' },
    body,
  });

  expect(await response.json()).toEqual({ created: 10_000, changed: 0, unchanged: 0 });
});

it('refuses one user more than ten thousand', async () => {
  const response = await sync(rows(10_001));

  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 'TOO_LARGE', detail: expect.stringContaining('10000 users') });
  expect(await stored()).toEqual([]);
});

it('refuses a body of more than 8 MB', async () => {
  const response = await sync([{ id: '1', name: 'a'.repeat(8 * 1024 * 1024) }]);

  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 'TOO_LARGE' });
});

it('lists every fault of every row, and changes nothing', async () => {
  await sync([{ id: '1', name: 'before' }]);

  const response = await sync([
    { id: '1', name: 'after' },
    { id: 2, name: 'a number for an id' },
    { id: '3', name: '', phone: '110' },
    { id: '1', name: 'the first row once more' },
    'no object',
    { id: '4', name: 'stranger', 'a/b~c': 1 },
    { id: '5', name: 'NUL\u0000', phone: 5 },
    null,
    {},
    ['6', 'an array'],
  ]);

  expect(response.status).toBe(400);
  const problem = (await response.json()) as { detail: string; errors: { where: string; what: string }[] };
  expect(problem.detail).toContain('Nothing has been changed');
  expect(problem.errors.map(({ where }) => where)).toEqual([
    '/users/1/id',
    '/users/2/name',
    '/users/2/phone',
    '/users/3/id',
    '/users/4',
    '/users/5/a~1b~0c',
    '/users/6/name',
    '/users/6/phone',
    '/users/7',
    '/users/8/id',
    '/users/8/name',
    '/users/9',
  ]);
  expect(problem.errors[2]?.what).toContain('not a number that can be dialled');
  expect(problem.errors[3]?.what).toContain('/users/0');
  expect(await stored()).toEqual([{ id: '1', name: 'before', phone: null }]);
});

it('lists all of ten thousand faulty rows', async () => {
  const response = await sync(rows(10_000).map((row) => ({ ...row, phone: '110' })));

  const { errors } = (await response.json()) as { errors: { where: string }[] };
  expect(response.status).toBe(400);
  expect(errors).toHaveLength(10_000);
  expect(errors.at(-1)?.where).toBe('/users/9999/phone');
});

it.each([
  ['an empty object', {}, '/users'],
  ['an array', [], '/users'],
  ['null', null, '/users'],
  ['an object for users', { users: {} }, '/users'],
  ['another field', { users: [], force: true }, '/force'],
])('refuses %s for a body', async (_, body, where) => {
  const response = await service.admin('PUT', 'users', body);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where }] });
});

it('accepts an empty list', async () => {
  expect(await (await sync([])).json()).toEqual({ created: 0, changed: 0, unchanged: 0 });
});

it('does not deadlock for two concurrent syncs with the same users in opposite orders', async () => {
  const users = rows(100);
  await sync(users);
  const changed = users.map((row) => ({ ...row, name: `${row.name}!` }));
  const inTheMiddle = service.database.createQueryRunner();
  await inTheMiddle.startTransaction();
  await inTheMiddle.query('select from app_user where id = $1 for update', [users[50]?.id]);

  const responses = Promise.all([sync(changed), sync(changed.toReversed())]);
  await waitFor('both syncs to wait for a row', async () => {
    const waiting = await service.database.query<unknown[]>(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return waiting.length === 2;
  });
  await inTheMiddle.commitTransaction();
  await inTheMiddle.release();

  const outcomes = await Promise.all((await responses).map((response) => response.json()));
  expect(outcomes).toEqual(
    expect.arrayContaining([
      { created: 0, changed: 100, unchanged: 0 },
      { created: 0, changed: 0, unchanged: 100 },
    ]),
  );
});
