/** The pool of requests, which opens few new connections at once. */
import type { PoolClient } from 'pg';
import { GradualPool, GROWTH_MS, OPENED_AT_ONCE } from '../../src/postgres/gradual-pool.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const MAX = 12;
/** When each connection was begun. */
let begun: number[];

class NotedPool extends GradualPool {
  protected override newClient(pendingItem: Parameters<GradualPool['newClient']>[0]): void {
    begun.push(performance.now());
    super.newClient(pendingItem);
  }
}

let database: TestDatabase;
let pool: GradualPool;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => {
  begun = [];
  pool = new NotedPool({ connectionString: database.url, max: MAX, connectLimitMs: 10_000 });
});
afterEach(async () => {
  await pool.end();
});
afterAll(async () => {
  await database.drop();
});

/** Takes this many connections and keeps them. */
const take = (count: number): Promise<PoolClient[]> => Promise.all(Array.from({ length: count }, () => pool.connect()));

it('serves a burst by the connections that it has, and opens few new ones meanwhile', async () => {
  const begin = performance.now();
  const answers = await Promise.all(
    Array.from(
      { length: 200 },
      async (_, index) => (await pool.query<{ n: number }>('select $1::int as n', [index])).rows[0]?.n,
    ),
  );

  expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => index));
  const steps = Math.floor((performance.now() - begin) / GROWTH_MS);
  expect(pool.totalCount).toBeGreaterThanOrEqual(OPENED_AT_ONCE);
  expect(pool.totalCount).toBeLessThanOrEqual(Math.min(MAX, OPENED_AT_ONCE + steps));
});

it('opens the first connections at once and the others one after the other, though none is given back', async () => {
  const taken = take(MAX);

  expect(begun).toHaveLength(OPENED_AT_ONCE);
  const clients = await taken;
  expect(begun).toHaveLength(MAX);
  for (let index = OPENED_AT_ONCE; index < MAX; index++) {
    expect(begun[index]! - begun[index - 1]!).toBeGreaterThanOrEqual(GROWTH_MS);
  }
  for (const client of clients) client.release();
});

it('opens no more than its maximum', async () => {
  const clients = await take(MAX);
  const waiting = pool.connect();

  expect(pool.waitingCount).toBe(1);
  clients[0]!.release();
  (await waiting).release();

  expect(pool.totalCount).toBe(MAX);
  for (const client of clients.slice(1)) client.release();
});

it('replaces connections that broke', async () => {
  const clients = await take(OPENED_AT_ONCE);
  for (const client of clients) client.release(new Error('broken'));

  expect((await pool.query<{ n: number }>('select 1 as n')).rows).toEqual([{ n: 1 }]);
});

it('ends while requests wait, and refuses them as pg does', async () => {
  const clients = await take(OPENED_AT_ONCE);
  const ended = pool.end();

  await expect(pool.connect()).rejects.toThrow('after calling end');
  for (const client of clients) client.release();
  await ended;
  pool = new GradualPool({ connectionString: database.url });
});
