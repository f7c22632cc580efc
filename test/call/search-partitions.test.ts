/** The search over many months: a page is read in the newest partitions that have it, and pages go on over their bounds. */
import { DataSource, EntityManager } from 'typeorm';
import { searchCalls } from '../../src/call/search/search-calls.js';
import { searchStatements, type CallFilter } from '../../src/call/search/call-search-statement.js';
import { SHOWN_COLUMNS } from '../../src/call/search/call-view.js';
import { KEY_ORDER_SETTINGS } from '../../src/postgres/key-order.js';
import { fillWithCalls, MONTH_SECONDS, NEWEST_CALL_AT, OPEN_CALLS, partitionByMonth } from '../support/many-calls.js';
import { planOf, type PlanNode } from '../support/query-plan.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const MONTHS = 24;
const CALLS = 24_000;
const LIMIT = 50;

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  await partitionByMonth(database, MONTHS);
  await fillWithCalls(database, CALLS, (MONTHS * MONTH_SECONDS) / CALLS);
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const monthsBefore = (months: number): Date => new Date(NEWEST_CALL_AT.getTime() - months * MONTH_SECONDS * 1_000);

const FILTERS: readonly CallFilter[] = [
  {},
  { userId: '1' },
  { phone: '+861056469588' },
  { stateType: [4] },
  { endReason: ['completed'] },
  { endReason: ['lost'] },
  { provider: 'retired' },
  { from: monthsBefore(12), to: monthsBefore(10) },
];

it.each(FILTERS)('of %j, a page reads its calls, one more of each partition, and the open calls', async (filter) => {
  const plans = await database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    return Promise.all(searchStatements(filter, { limit: LIMIT }).map((statement) => planOf(transaction, statement)));
  });

  for (const { rowsRead } of plans) expect(rowsRead).toBeLessThanOrEqual(2 * (LIMIT + 1 + MONTHS) + OPEN_CALLS + 40);
});

/** The tables and indexes that a plan names, also where it never comes to read them. */
const PARTITION = /call_(?:records|events)_(\d{4})/;

it.each<CallFilter>([{}, { phone: '+861056469588' }, { stateType: [4] }, { endReason: ['completed'] }])(
  'of %j, a page of the last days is planned without the months before',
  async (filter) => {
    // As far back as the first looks go.
    const oldest = new Date(Date.now() - 31 * 86_400_000).toISOString().slice(2, 7).replace('-', '');
    const asked = jest.spyOn(EntityManager.prototype, 'query');
    const { items } = await searchCalls(database, filter, { limit: 10 });
    const statements = asked.mock.calls.filter(([text]) => text.includes('call_records'));
    asked.mockRestore();
    expect(items).toHaveLength(10);

    for (const [text, values = []] of statements) {
      const { nodes } = await planOf(database.manager, { text, values: values as unknown[] });
      const months = nodes.flatMap((node) => PARTITION.exec(node)?.[1] ?? []);
      expect(months.length).toBeGreaterThan(0);
      expect(months.filter((month) => month < oldest)).toEqual([]);
    }
  },
);

it.each<[CallFilter, string]>([
  [{ userId: '1' }, 'caller_id = 1 or callee_id = 1'],
  [{ endReason: ['canceled'] }, `end_reason = 'canceled'`],
  [{ from: monthsBefore(14), to: monthsBefore(11) }, `requested_at >= $1 and requested_at < $2`],
])('of %j, the pages together have all calls, newest first', async (filter, condition) => {
  const found: string[] = [];
  for (let after: string | undefined, isMore = true; isMore; isMore = after !== undefined) {
    const page = await searchCalls(database, filter, { after, limit: 200 });
    found.push(...page.items.map(({ callSid }) => callSid));
    after = page.next ?? undefined;
  }

  const expected = await database.query<{ callSid: string }[]>(
    `select call_sid as "callSid" from call_records where ${condition} order by call_sid desc`,
    [filter.from, filter.to].filter((one) => one !== undefined),
  );
  expect(found.length).toBeGreaterThan(200);
  expect(found).toEqual(expected.map(({ callSid }) => callSid));
});

it('who has canceled a call is looked up in one partition of its events', async () => {
  const [{ callSid }] = await database
    .query<[{ callSid: string }]>(
      `update call_records set ended_by = 'cancel' where call_sid = (select max(call_sid) from call_records where state = 4)
     returning call_sid as "callSid"`,
    )
    .then(([rows]) => rows as unknown as [{ callSid: string }]);

  const [{ 'QUERY PLAN': plans }] = await database.query<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
    `explain (analyze, format json) select ${SHOWN_COLUMNS} from call_records call where call.call_sid = $1`,
    [callSid],
  );

  const nodesUnder = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesUnder)];
  const looked = nodesUnder(plans[0].Plan).filter(
    (node) => node['Relation Name']?.startsWith('call_event') && node['Actual Loops'] > 0,
  );
  expect(looked).toHaveLength(1);
});
