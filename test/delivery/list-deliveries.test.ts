import { DataSource } from 'typeorm';
import { listDeliveries, type DeliveryFilter } from '../../src/delivery/list-deliveries.js';
import { DELIVERY_STATES } from '../../src/delivery/webhook-delivery.entity.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const CALLS = 12;
/** The states of successive changes: runs of one state, and single ones among others. */
const STATES = [
  'failed',
  'delivered',
  'delivered',
  'delivered',
  'pending',
  'delivered',
  'delivered',
  'failed',
  'failed',
];

let testDatabase: TestDatabase;
let database: DataSource;

/** Newest first. */
const all = Array.from({ length: CALLS * 3 }, (_, index) => ({
  callSid: String(Math.floor(index / 3)).padStart(32, '0'),
  number: (index % 3) + 1,
  state: STATES[index % STATES.length]!,
})).reverse();

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  for (const { callSid, number, state } of all) {
    for (const endpointId of [1, 2]) {
      await database.query(
        `insert into webhook_deliveries (endpoint_id, call_sid, change_number, state, settled_at)
         values ($1, $2, $3, $4, case when $4 <> 'pending' then now() end)`,
        [endpointId, callSid, number, state],
      );
    }
  }
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Reads all pages, until `next` is null. */
const walk = async (filter: DeliveryFilter, limit: number, maxExamined: number): Promise<string[]> => {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await listDeliveries(database, '1', filter, { after, limit }, maxExamined);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    if (after !== undefined && page.next !== null) expect(page.next < after).toBe(true);
    ids.push(...page.items.map(({ id }) => id));
    after = page.next ?? undefined;
  } while (after !== undefined);
  return ids;
};

const FILTERS: readonly DeliveryFilter[] = [undefined, ...DELIVERY_STATES].flatMap((state) => [
  { state },
  { state, callSid: all[4]!.callSid },
]);

it.each(FILTERS)(
  'the pages of %j contain each delivery once, for any page size and examination limit',
  async (filter) => {
    const wanted = all
      .filter(({ state }) => filter.state === undefined || state === filter.state)
      .filter(({ callSid }) => filter.callSid === undefined || callSid === filter.callSid)
      .map(({ callSid, number }) => `${callSid}-${number}`);

    for (const maxExamined of [1, 2, 3, 5, 36, 37, 1_000]) {
      for (const limit of [1, 2, 7, 36, 37]) {
        expect(await walk(filter, limit, maxExamined)).toEqual(wanted);
      }
    }
  },
);
