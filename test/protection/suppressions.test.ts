/** Numbers that must not be called: the list, and that it holds on every replica. */
import { backend, newPhone } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let service: TestApp;
let other: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { SIMULATOR_SHARES_ACCOUNT: 'true' };
  service = await startTestApp({ databaseUrl: database.url, environment });
  other = await startTestApp({ databaseUrl: database.url, environment });
});
beforeEach(() => service.database.query('truncate suppression'));
afterAll(async () => {
  await Promise.all([service.close(), other.close()]);
  await database.drop();
});

const put = async (...suppressions: unknown[]) => {
  const response = await service.admin('PUT', 'suppressions', { suppressions });
  return { status: response.status, body: await response.json() };
};

const list = async (query = '') => {
  const response = await service.admin('GET', `suppressions${query}`);
  return (await response.json()) as { items: { id: string; phone: string }[]; next: string | null };
};

const calls = async (): Promise<number> => {
  const [row] = await service.database.query<{ count: number }[]>('select count(*)::int as count from call_records');
  return row!.count;
};

let nextUser = 80_000;

const newUser = async (phone = newPhone()): Promise<string> => {
  const id = String(nextUser++);
  expect((await service.admin('PUT', 'users', { users: [{ id, name: id, phone }] })).status).toBe(200);
  return id;
};

it('stores numbers in any notation, replaces what is known of them, and lists them by age', async () => {
  const until = '2099-01-01T00:00:00.000Z';
  expect(await put({ phone: '139 0000 0001', reason: 'asked', source: 'hotline' }, { phone: '95588' })).toEqual({
    status: 200,
    body: { created: 2, changed: 0, unchanged: 0 },
  });
  expect(await put({ phone: '+86-13900000001', until }, { phone: '95588' }, { phone: '010-56469588' })).toEqual({
    status: 200,
    body: { created: 1, changed: 1, unchanged: 1 },
  });

  const page = await list('?limit=2');
  expect(page.items).toMatchObject([
    { phone: '+8613900000001', reason: null, source: null, until },
    { phone: '95588', until: null },
  ]);
  expect(await list(`?limit=2&after=${page.next!}`)).toMatchObject({ items: [{ phone: '+861056469588' }], next: null });
  expect(await list(`?phone=${encodeURIComponent('139 0000 0001')}`)).toMatchObject({
    items: [{ id: page.items[0]!.id }],
  });
  expect(await list('?phone=13900000002')).toEqual({ items: [], next: null });
});

it.each([
  [[], '/suppressions'],
  [[[]], '/suppressions'],
  [[null], '/suppressions'],
  [[{ phone: '110' }], '/suppressions/0/phone'],
  [[{ phone: '95588' }, { phone: 'hello' }], '/suppressions/1/phone'],
  [[{ phone: '13900000001' }, { phone: '+86 139 0000 0001' }], '/suppressions/1/phone'],
  [[{ phone: '95588', until: 'tomorrow' }], '/suppressions/0/until'],
  [[{ phone: '95588', reason: '' }], '/suppressions/0/reason'],
  [[{ phone: '95588', reason: 'x'.repeat(201) }], '/suppressions/0/reason'],
  [[{ phone: '95588', of: 'mine' }], '/suppressions/0/of'],
  [Array.from({ length: 501 }, (_, index) => ({ phone: `139${String(index).padStart(8, '0')}` })), '/suppressions'],
])('refuses a list with a fault, and changes nothing: %#', async (suppressions, where) => {
  expect(await put(...suppressions)).toMatchObject({
    status: 400,
    body: { code: 'BAD_REQUEST', errors: expect.arrayContaining([expect.objectContaining({ where })]) as unknown },
  });
  expect(await list()).toEqual({ items: [], next: null });
});

it('refuses calls to a listed number at once on every replica, until it is removed', async () => {
  const phone = newPhone();
  const callee = await newUser(phone);
  const caller = await newUser();
  await put({ phone, reason: 'asked' });
  const before = await calls();

  for (const replica of [service, other]) {
    expect(await replica.ask(caller, `call/${callee}`)).toEqual({ returnCode: 403, returnMsg: '对方暂不接受来电!' });
    for (const named of [{ phone }, { userId: callee }]) {
      expect(await backend(replica).place({ caller: { phone: newPhone() }, callee: named })).toMatchObject({
        status: 422,
        body: { code: 'NUMBER_SUPPRESSED' },
      });
    }
    for (const query of [
      `callerId=${caller}&calleeId=${callee}`,
      `callerId=${caller}&phone=${encodeURIComponent(phone)}`,
    ]) {
      expect(await (await replica.admin('GET', `dry-run?${query}`)).json()).toMatchObject({
        carrier: null,
        why: 'The callee’s number is on the suppression list.',
      });
    }
  }
  expect(await calls()).toBe(before);
  expect(await backend(other).place({ caller: { phone }, callee: { phone: newPhone() } })).toMatchObject({
    status: 422,
    body: { code: 'NUMBER_SUPPRESSED', errors: [{ where: '/caller' }] },
  });
  expect(await calls()).toBe(before);
  // Who asks not to be called may still call.
  expect(await other.ask(callee, `call/${caller}`)).toMatchObject({ returnCode: 200 });

  const id = (await list()).items[0]!.id;
  expect((await service.admin('DELETE', `suppressions/${id}`)).status).toBe(204);
  expect(await other.ask(await newUser(), `call/${callee}`)).toMatchObject({ returnCode: 200 });
  for (const gone of [id, '0', 'x', '99999999999999999999']) {
    expect((await service.admin('DELETE', `suppressions/${gone}`)).status).toBe(404);
  }
});

it('refuses calls to a listed service line', async () => {
  const phone = '+8613900007777';
  const line = await service.admin('POST', 'service-lines', { name: 'sales', phone, open: true, position: 0 });
  expect(line.status).toBe(201);
  await put({ phone });

  expect(await service.ask(await newUser(), 'callService')).toMatchObject({ returnCode: 403 });
});

it('ends at the given time', async () => {
  const phone = newPhone();
  const callee = await newUser(phone);
  await put({ phone, until: new Date(Date.now() - 1_000).toISOString() });

  expect(await service.ask(await newUser(), `call/${callee}`)).toMatchObject({ returnCode: 200 });
});
