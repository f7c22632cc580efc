/**
 * `npm run bench:search`: the search with ten thousand and with ten million calls. Takes about ten minutes and 8 GB in the
 * temporary folder.
 */
import { DataSource } from 'typeorm';
import {
  searchStatements,
  type CallFilter,
  type SearchStatement,
} from '../../src/call/search/call-search-statement.js';
import { searchCalls } from '../../src/call/search/search-calls.js';
import { KEY_ORDER_SETTINGS } from '../../src/postgres/key-order.js';
import { fillWithCalls, NEWEST_CALL_AT } from '../support/many-calls.js';
import { planOf, type QueryPlan } from '../support/query-plan.js';
import { createTestDatabase } from '../support/test-database.js';

const HOTLINE = '+861056469588';
const daysBeforeNewest = (days: number): Date => new Date(NEWEST_CALL_AT.getTime() - days * 86_400_000);

const FILTERS: Readonly<Record<string, CallFilter>> = {
  none: {},
  'userId, 3 % of calls': { userId: '1' },
  'userId, rare': { userId: '90001' },
  'userId, unknown': { userId: '999999999' },
  'phone, 10 % of calls': { phone: HOTLINE },
  'phone, rare': { phone: '+8613800090001' },
  'stateType=1': { stateType: [1] },
  'stateType=4': { stateType: [4] },
  'endReason, 60 % of calls': { endReason: ['completed'] },
  'endReason, 40 calls long ago': { endReason: ['lost'] },
  'provider, 70 % of calls': { provider: 'simulator' },
  'provider, the oldest 30 %': { provider: 'retired' },
  'from and to, one day': { from: daysBeforeNewest(0.3), to: daysBeforeNewest(0.2) },
  'all reasons but completed': { completed: false },
  'busy or lost': { endReason: ['busy', 'lost'] },
  'callerId + completed=false': { callerId: '1', completed: false },
  'userId + endReason': { userId: '1', endReason: ['busy'] },
  'userId + endReason, common, never together': { userId: '2', endReason: ['unreachable'] },
  'phone + endReason, 3 calls long ago': { phone: HOTLINE, endReason: ['lost'] },
  'provider + endReason': { provider: 'retired', endReason: ['busy'] },
  'provider + endReason, never together': { provider: 'simulator', endReason: ['lost'] },
  'userId + provider, only long ago': { userId: '1', provider: 'retired' },
  'userId + phone + stateType + from': {
    userId: '1',
    phone: HOTLINE,
    stateType: [4],
    from: daysBeforeNewest(30),
  },
};

const PAGE = { limit: 50 };
const RUNS = 15;

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;

const plansOf = (database: DataSource, statements: readonly SearchStatement[]): Promise<QueryPlan[]> =>
  database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    const plans: QueryPlan[] = [];
    for (const statement of statements) plans.push(await planOf(transaction, statement));
    return plans;
  });

const measure = async (database: DataSource, name: string, filter: CallFilter): Promise<void> => {
  const plans = await plansOf(database, searchStatements(filter, PAGE));
  const times: number[] = [];
  let found = '';
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    const { items, next } = await searchCalls(database, filter, PAGE);
    times.push(performance.now() - start);
    found = `${items.length}${next === null ? '' : '+'}`;
  }
  const nodes = new Set(plans.flatMap((plan) => plan.nodes).filter((node) => /Scan call_records|Sort/.test(node)));
  const buffers = plans.map((plan) => plan.buffers).join(' / ');
  const shown = [...nodes].map((node) => node.replace('Index Scan call_record_', '')).join(', ');
  print(`| ${name} | ${found} | ${buffers} | ${median(times).toFixed(1)} ms | ${shown} |`);
};

it.each([10_000, 10_000_000])(
  'searches among %i calls',
  async (count) => {
    const testDatabase = await createTestDatabase();
    const database = await new DataSource({ type: 'postgres', url: testDatabase.url, extra: { max: 1 } }).initialize();
    try {
      const start = performance.now();
      await fillWithCalls(database, count);
      print(`\n${count} calls, filled in ${Math.round((performance.now() - start) / 1000)} s\n`);
      print('| filter | found | buffers, a leading filter | median | index scans, sorts |');
      print('| --- | --- | --- | --- | --- |');
      for (const [name, filter] of Object.entries(FILTERS)) await measure(database, name, filter);
      print('\n| index | size |\n| --- | --- |');
      const sizes = await database.query<{ name: string; size: string }[]>(
        `select relname as name, pg_size_pretty(pg_relation_size(oid)) as size from pg_class
       where relname like 'call_records%' order by relname`,
      );
      for (const { name, size } of sizes) print(`| ${name} | ${size} |`);
    } finally {
      await database.destroy();
      await testDatabase.drop();
    }
  },
  3_600_000,
);
