/** The cost of a search for users, from PostgreSQL's plans of the statements that are sent: it does not grow with the directory. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { listUsers, type ListedUsers } from '../../src/directory/list-users.js';
import { MAX_EXAMINED } from '../../src/common/page.js';
import { explainEverything, recordPlans, type PlanRecorder, type RecordedPlan } from '../support/recorded-plans.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const USERS = 100_000;
const LIMIT = 50;

/** Three surnames in four names; the last users have one that nobody else has; a tenth shares a phone. */
const FILL = `
insert into app_user (id, name, phone, external_id)
select n, substr('王李张陈', 1 + n % 4, 1) || chr(20000 + n % 9973) || chr(30000 + n % 4999)
    || case when n > $1::int - 3 then '澹台' else '' end,
  case when n % 10 = 0 then '+861056469588' else '+8613' || lpad(n::text, 9, '0') end, 'user-' || n
from generate_series(1, $1::int) n`;

let testDatabase: TestDatabase;
let database: DataSource;
let recorder: PlanRecorder;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await maintain(FILL, [USERS]);
  await explainEverything(testDatabase.url);
  database = await new DataSource(dataSourceOptions(testDatabase.url, 1)).initialize();
  recorder = await recordPlans(database);
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Without the time limits of the service. */
const maintain = async (text: string, values: unknown[] = []): Promise<void> => {
  const maintenance = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  await maintenance.query(text, values);
  await maintenance.destroy();
};

const search = async (filter: ListedUsers, after = '0'): Promise<{ found: number; plans: RecordedPlan[] }> => {
  recorder.take();
  const { items } = await listUsers(database, 'id, name', filter, { after, limit: LIMIT });
  return { found: items.length, plans: recorder.take() };
};

const FILTERS: [string, ListedUsers, after: string][] = [
  ['none', {}, '0'],
  ['a surname of a quarter', { name: '王' }, '0'],
  ['a surname of a quarter, near the end', { name: '王' }, String(USERS - 100)],
  ['a surname that three have', { name: '澹台' }, '0'],
  ['a character that twenty have', { name: String.fromCodePoint(30_007) }, '0'],
  ['a name that nobody has', { name: '王澹' }, '0'],
  ['a phone that a tenth has', { phone: { number: '+861056469588', extension: null } }, '0'],
  ['a phone of one', { phone: { number: '+8613000000007', extension: null } }, '0'],
  ['a phone of nobody', { phone: { number: '+8613900000007', extension: null } }, '0'],
  ['an external id', { externalId: 'user-77' }, '0'],
];

const expectBounded = async (filter: ListedUsers, after: string): Promise<void> => {
  const { plans } = await search(filter, after);

  expect(plans.length).toBeGreaterThan(0);
  for (const { text, nodes, rowsRead, rowsSorted } of plans) {
    const isWithin =
      !nodes.some((node) => /Seq Scan/.test(node)) && rowsRead <= MAX_EXAMINED + LIMIT && rowsSorted <= MAX_EXAMINED;
    expect({ text, nodes, rowsRead, rowsSorted, isWithin }).toMatchObject({ isWithin: true });
  }
};

it.each([...FILTERS])('of %s, a page reads a bounded number of users, without statistics', async (_, filter, after) => {
  await expectBounded(filter, after);
});

it('and with statistics', async () => {
  await maintain('vacuum analyze app_user');
  // The pool may have closed its connection meanwhile.
  recorder = await recordPlans(database);

  for (const [, filter, after] of FILTERS) await expectBounded(filter, after);
});

it('a common surname is found before the index is asked, a rare one by the index alone', async () => {
  const common = await search({ name: '王' });
  const rare = await search({ name: '澹台' });

  const byIndex = ({ plans }: typeof rare) =>
    plans.filter(({ nodes }) => nodes.some((node) => node.includes('app_user_by_name')));
  expect([common.found, byIndex(common).length]).toEqual([LIMIT, 0]);
  expect([rare.found, byIndex(rare).map(({ rowsRead }) => rowsRead < 100)]).toEqual([3, [true]]);
});
