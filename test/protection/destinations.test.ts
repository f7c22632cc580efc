/** Numbers that the operator's rules do not allow, by each way that leads to a dial. */
import { backend, newPhone } from '../support/backend.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LONDON = '+442079460000';
const SATELLITE = '+870776123456';
const OF_LONDON = 'The number belongs to GB, which is not in ALLOWED_COUNTRIES.';

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  const environment = { ALLOWED_COUNTRIES: 'CN,HK', LOG_LEVEL: 'info' };
  service = await startTestApp({ environment, logTo: log.stream });
  const users = [
    { id: '7001', phone: newPhone() },
    { id: '7002', phone: LONDON },
    { id: '7003', phone: newPhone() },
    { id: '7004', phone: '+85261234567' },
  ];
  const subAccounts = [{ provider: 'simulator', externalId: 'demo', secret: 'a secret of the simulator' }];
  const rows = users.map((user) => ({ ...user, name: user.id, subAccounts }));
  const { status } = await service.admin('PUT', 'users', { users: rows });
  expect(status).toBe(200);
});
afterAll(() => service.close());

const records = async (): Promise<number> => {
  const [{ count }] = await service.database.query<[{ count: number }]>('select count(*)::int from call_records');
  return count;
};

it('answers an app with the contract’s 400, and makes no record', async () => {
  const before = await records();

  for (const [caller, callee] of [
    ['7001', '7002'],
    ['7002', '7001'],
  ] as const) {
    expect(await service.ask(caller, `call/${callee}`)).toEqual({
      returnCode: 400,
      returnMsg: '呼叫请求的参数有误,请联系管理员!',
    });
  }
  expect(await records()).toBe(before);
  expect(log.text()).toContain(OF_LONDON);
  expect(log.text()).not.toContain(LONDON);
});

it('rings the numbers of each allowed country', async () => {
  expect(await service.ask('7003', 'call/7004')).toMatchObject({ returnCode: 200 });
  expect(await service.ask('7004', 'call/7003')).toMatchObject({ returnCode: 200 });
});

it.each([
  ['/callee', { caller: { phone: newPhone() }, callee: { phone: LONDON } }, OF_LONDON],
  ['/callee', { caller: { phone: newPhone() }, callee: { userId: '7002' } }, OF_LONDON],
  ['/callee', { caller: { phone: newPhone() }, callee: { phone: SATELLITE } }, 'international network'],
  ['/caller', { caller: { phone: LONDON }, callee: { phone: newPhone() } }, OF_LONDON],
])('tells a backend which party may not be called, and why: %s of %j', async (where, body, what) => {
  const before = await records();

  expect(await backend(service).place(body)).toMatchObject({
    status: 422,
    body: { code: 'NUMBER_NOT_ALLOWED', errors: [{ where, what: expect.stringContaining(what) as unknown }] },
  });
  expect(await records()).toBe(before);
});

it.each([
  ['callerId=7001&calleeId=7002', OF_LONDON],
  [`callerId=7001&phone=${encodeURIComponent(SATELLITE)}`, 'international network'],
  ['callerId=7002&calleeId=7001', `The caller may not call: ${OF_LONDON}`],
])('shows an admin the reason in the dry run of %s', async (query, why) => {
  const { carrier, why: shown } = (await (await service.admin('GET', `dry-run?${query}`)).json()) as Record<
    string,
    unknown
  >;

  expect({ carrier, shown }).toEqual({ carrier: null, shown: expect.stringContaining(why) as unknown });
});
