import type { DataSource } from 'typeorm';
import { normalisePhone } from '../../src/common/phone-number.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;
let database: DataSource;

beforeAll(async () => {
  service = await startTestApp();
  database = service.database;
});
beforeEach(() => database.query('truncate app_user, service_line cascade'));
afterAll(() => service.close());

const seed = () => seedDemoDirectory(database, service.config.subAccountKeys!);

const parties = (callerId: string, targetId = '2000') =>
  service.app.nest.get(DirectoryService).findParties(callerId, targetId);

it('fills an empty directory, once', async () => {
  expect(await seed()).toBe(true);
  expect(await seed()).toBe(false);
});

it('fills it once for many processes that start concurrently', async () => {
  const filled = await Promise.all(Array.from({ length: 5 }, () => seed()));

  expect(filled.sort()).toEqual([false, false, false, false, true]);
});

it.each([
  ['a user', `insert into app_user (id, name) values (7, 'somebody')`],
  ['a service line', `insert into service_line (name, phone, open, position) values ('a', '95588', false, 1)`],
])('does not change a directory that contains only %s', async (_, statement) => {
  await database.query(statement);

  expect(await seed()).toBe(false);

  expect(await database.query('select count(*)::integer as count from app_user where id <> 7')).toEqual([{ count: 0 }]);
});

describe('the demo directory', () => {
  beforeEach(() => seed());

  it.each(['1001', '1004', '1027', '1050'])('has user %s with phone and sub-account', async (userId) => {
    const found = await parties(userId);

    expect(found.callerPhone).toEqual(expect.any(String));
    expect(found.subAccount('simulator')).toEqual({
      externalId: expect.any(String),
      secret: expect.stringMatching(/^.{32}$/),
    });
    expect(found.subAccount('twilio')).toBeNull();
  });

  it('has 1002 without a phone, 1003 without a sub-account, and 2100 without a phone', async () => {
    const [noPhone, noSubAccount] = [await parties('1002'), await parties('1003')];
    expect([noPhone.callerPhone, noPhone.subAccount('simulator')]).toEqual([null, expect.anything()]);
    expect([noSubAccount.callerPhone, noSubAccount.subAccount('simulator')]).toEqual([expect.any(String), null]);
    expect(await database.query('select phone from app_user where id = 2100')).toEqual([{ phone: null }]);
  });

  it('has callees whose phone ends with the last two digits of their id', async () => {
    const callees = await database.query<{ id: string; phone: string }[]>(
      'select id, phone from app_user where id between 2000 and 2013 order by id',
    );

    expect(callees.map(({ id }) => id)).toEqual(Array.from({ length: 14 }, (_, index) => String(2000 + index)));
    for (const { id, phone } of callees) expect(phone.slice(-2)).toBe(id.slice(-2));
  });

  it('has one service line, open, with a number that ends in 00', async () => {
    const lines = await database.query<{ open: boolean; phone: string }[]>('select open, phone from service_line');

    expect(lines).toEqual([{ open: true, phone: expect.stringMatching(/00$/) }]);
  });

  it('has unique numbers that can be dialed', async () => {
    const rows = await database.query<{ phone: string }[]>(
      'select phone from app_user where phone is not null union all select phone from service_line',
    );
    const phones = rows.map(({ phone }) => phone);

    expect(phones).toHaveLength(49 + 14 + 1);
    expect(new Set(phones).size).toBe(phones.length);
    for (const phone of phones) expect(normalisePhone(phone, 'CN')).toBe(phone);
  });

  it('has unique secrets, different in each directory', async () => {
    const secrets = async () =>
      (await database.query<{ secret: string }[]>('select secret from sub_account')).map(({ secret }) => secret);
    const before = await secrets();
    await database.query('truncate app_user, service_line cascade');
    await seed();
    const after = await secrets();

    expect(before).toHaveLength(49);
    expect(new Set([...before, ...after]).size).toBe(98);
  });
});
