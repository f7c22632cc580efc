/**
 * The cost of the search, from PostgreSQL's plans of the statements that it runs. The bounds do not depend on the number
 * of calls. `npm run bench:search` runs the same statements over ten million calls.
 */
import { DataSource } from 'typeorm';
import { END_REASONS, StateType } from '../../src/call/record/call-lifecycle.js';
import { searchStatements, type CallFilter } from '../../src/call/search/call-search-statement.js';
import { MAX_EXAMINED } from '../../src/common/page.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { KEY_ORDER_SETTINGS } from '../../src/postgres/key-order.js';
import { fillWithCalls, NEWEST_CALL_AT, OPEN_CALLS } from '../support/many-calls.js';
import { planOf, type QueryPlan } from '../support/query-plan.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const CALLS = 150_000;
const LIMIT = 50;

/**
 * All calls that match one filter are on the page, except one that shows that more follow. A user has two indexes; an end reason
 * has one, and seven may be searched for.
 */
const maxRowsForOneFilter = ({ endReason, completed }: CallFilter): number =>
  Math.max(2, completed === false ? 7 : (endReason?.length ?? 0)) * (LIMIT + 1) + OPEN_CALLS;
/** The rounding of what seven end reasons share. */
const MAX_ROWS = 2 * MAX_EXAMINED + 7 + OPEN_CALLS;
/** An external id is looked up at each place of a statement that compares it. */
const MAX_LOOK_UPS = 10;
/** One table page for each row, plus index pages, plus pages of calls that are or were recently open. */
const buffersFor = (rows: number): number => rows + rows / 4 + 100;

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  await fillWithCalls(database, CALLS);
  await database.query(
    `insert into app_user (id, name, external_id) select n, 'somebody', 'user-' || n from generate_series(1, 20000) n`,
  );
  await database.query('analyze app_user');
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const secondsBeforeNewest = (seconds: number): Date => new Date(NEWEST_CALL_AT.getTime() - seconds * 1000);
const OLDEST = secondsBeforeNewest(3 * CALLS);
const MIDDLE = secondsBeforeNewest(1.5 * CALLS);

/** Common and rare values, known and unknown ones, recent and old ones. */
const VALUES = {
  userId: ['1', '2', '90001', '9223372036854775807', 'user-1', 'user-20000', 'nobody'],
  callerId: ['1', 'user-20000'],
  calleeId: ['1', '90001'],
  phone: ['+8613800000001', '+861056469588', '+8613800090001', '95588'],
  stateType: [...Object.values(StateType).map((state) => [state]), [1, 3], [3, 4]],
  endReason: [...END_REASONS.map((reason) => [reason]), ['busy', 'lost'], END_REASONS.slice(1)],
  open: [true, false],
  completed: [true, false],
  provider: ['simulator', 'retired', 'unknown'],
  from: [secondsBeforeNewest(3_600), MIDDLE, OLDEST],
  to: [secondsBeforeNewest(3_600), MIDDLE, OLDEST],
} satisfies { readonly [Field in keyof Required<CallFilter>]: readonly CallFilter[Field][] };

const SINGLE_FILTERS: readonly CallFilter[] = [
  {},
  ...Object.entries(VALUES).flatMap(([field, values]) => values.map((value) => ({ [field]: value }))),
];

/** Every pair of values of different fields; every second pair with a third value. */
const COMBINATIONS: readonly CallFilter[] = SINGLE_FILTERS.flatMap((one, index) =>
  SINGLE_FILTERS.slice(index + 1)
    .filter((other) => Object.keys(one).length > 0 && Object.keys(other)[0] !== Object.keys(one)[0])
    .map((other, position) => ({
      ...(position % 2 === 1 && SINGLE_FILTERS[(index * 7 + position) % SINGLE_FILTERS.length]),
      ...one,
      ...other,
    })),
);

const expectBounded = async (filter: CallFilter, maxRows: number, after?: string): Promise<void> => {
  const plans = await database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    const all: QueryPlan[] = [];
    for (const statement of searchStatements(filter, { after, limit: LIMIT })) {
      all.push(await planOf(transaction, statement));
    }
    return all;
  });
  for (const { nodes, rowsRead, rowsSorted, buffers } of plans) {
    const plan = { filter, nodes, rowsRead, rowsSorted, buffers };
    expect({ ...plan, scans: nodes.filter((node) => /^(?:Parallel )?Seq Scan/.test(node)) }).toEqual({
      ...plan,
      scans: [],
    });
    expect({ ...plan, within: rowsRead <= maxRows }).toEqual({ ...plan, within: true });
    expect({ ...plan, within: rowsSorted <= OPEN_CALLS }).toEqual({ ...plan, within: true });
    expect({ ...plan, within: buffers <= buffersFor(maxRows) }).toEqual({ ...plan, within: true });
  }
};

it('a search with one filter reads only the page that it returns and the open calls', async () => {
  for (const filter of SINGLE_FILTERS) {
    // A time filter compares the record's time, which may differ from the callSid's time by some clock skew.
    const maxRows = maxRowsForOneFilter(filter) + (filter.from || filter.to ? 40 : MAX_LOOK_UPS);
    await expectBounded(filter, maxRows);
    await expectBounded(filter, maxRows, newCallSid(MIDDLE));
  }
});

it(`a search with several filters reads at most ${MAX_EXAMINED} calls per index`, async () => {
  expect(COMBINATIONS.length).toBeGreaterThan(300);

  for (const filter of COMBINATIONS) await expectBounded(filter, MAX_ROWS);
});

it('the bounds hold when the statistics are those of an empty table', async () => {
  await database.query(`update pg_class set reltuples = 0, relpages = 0 where relname like 'call_records%'`);
  await database.query(`delete from pg_statistic where starelid = 'call_records'::regclass`);

  for (const filter of SINGLE_FILTERS) await expectBounded(filter, MAX_ROWS);
});
