/** Compares the search with a simple one: all rows in memory, filtered and sorted. */
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { END_REASONS, StateType, type EndReason } from '../../src/call/record/call-lifecycle.js';
import type { CallFilter } from '../../src/call/search/call-search-statement.js';
import { minCallSidAt } from '../../src/call/record/call-sid.js';
import { searchCalls } from '../../src/call/search/search-calls.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Call {
  readonly callSid: string;
  readonly callerId: string;
  readonly calleeId: string | null;
  readonly callerPhone: string;
  readonly calleePhone: string;
  readonly provider: string;
  readonly state: StateType;
  readonly endReason: EndReason | null;
  readonly requestedAt: Date;
}

const CALLS = 240;
const BEGIN = Date.parse('2026-11-24T10:00:00.000Z');
const USERS = ['1', '2', '3', '4', '9223372036854775807'];
const PHONES = ['+8613800000001', '+8613800000002', '+861056469588', '95588'];
const PROVIDERS = ['simulator', 'retired'];

const oneOf = <T>(items: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...items);
const seconds = fc.integer({ min: -5, max: 65 });

/** Many calls are in the same second. Some have a request time before the callSid's time, some have caller = callee. */
const calls: readonly Call[] = fc
  .sample(
    fc.record({
      second: fc.integer({ min: 0, max: 60 }),
      skewMs: fc.integer({ min: -2_000, max: 2_000 }),
      callerId: oneOf(USERS),
      calleeId: oneOf([...USERS, null]),
      callerPhone: oneOf(PHONES),
      calleePhone: oneOf(PHONES),
      provider: oneOf(PROVIDERS),
      state: oneOf([1, 2, 3, 4, 4, 4, 4, 4] as const),
      endReason: oneOf(END_REASONS),
    }),
    { numRuns: CALLS, seed: 1 },
  )
  .map(({ second, skewMs, ...call }, index) => ({
    ...call,
    callSid: minCallSidAt(new Date(BEGIN + second * 1000)).slice(0, 15) + String(index).padStart(17, '0'),
    requestedAt: new Date(BEGIN + second * 1000 + skewMs),
    endReason: call.state === 4 ? call.endReason : null,
    // A caller has at most one open call.
    callerId: call.state === 4 ? call.callerId : String(100 + index),
  }));

const newestFirst = [...calls].sort((one, other) => (one.callSid > other.callSid ? -1 : 1));

const fits = (call: Call, filter: CallFilter): boolean => fitsPeople(call, filter) && fitsFacts(call, filter);

const fitsPeople = (call: Call, { userId, callerId, calleeId, phone }: CallFilter): boolean =>
  (userId === undefined || call.callerId === userId || call.calleeId === userId) &&
  (callerId === undefined || call.callerId === callerId) &&
  (calleeId === undefined || call.calleeId === calleeId) &&
  (phone === undefined || call.callerPhone === phone || call.calleePhone === phone);

const fitsFacts = (call: Call, { stateType, endReason, open, completed, provider, from, to }: CallFilter): boolean =>
  (stateType === undefined || stateType.includes(call.state)) &&
  (endReason === undefined || (call.endReason !== null && endReason.includes(call.endReason))) &&
  (open === undefined || open === call.state < 4) &&
  (completed === undefined || (call.state === 4 && completed === (call.endReason === 'completed'))) &&
  (provider === undefined || call.provider === provider) &&
  (!from || call.requestedAt >= from) &&
  (!to || call.requestedAt < to);

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
  await database.query(
    `insert into call_records
       (call_sid, caller_id, callee_id, service_line_id, caller_phone, callee_phone, provider, sub_account, state,
        end_reason, ended_by, ended_at, requested_at, changes, sweep_at, deadline_at)
     select "callSid", "callerId", "calleeId", case when "calleeId" is null then 1 end, "callerPhone", "calleePhone",
        provider, 'account', state, "endReason", case when state = 4 then 'provider' end,
        case when state = 4 then "requestedAt" end, "requestedAt", 1, "requestedAt", "requestedAt"
     from json_to_recordset($1) as call
       ("callSid" text, "callerId" bigint, "calleeId" bigint, "callerPhone" text, "calleePhone" text, provider text,
        state smallint, "endReason" text, "requestedAt" timestamptz)`,
    [JSON.stringify(calls)],
  );
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** All pages; fails when the pages do not end. */
const pagedThrough = async (filter: CallFilter, limit: number, maxExamined?: number): Promise<string[]> => {
  const callSids: string[] = [];
  let after: string | undefined;
  for (let pages = 0; pages <= 2 * CALLS; pages++) {
    const { items, next } = await searchCalls(database, filter, { after, limit }, maxExamined);
    expect(items.length).toBeLessThanOrEqual(limit);
    callSids.push(...items.map(({ callSid }) => callSid));
    if (next === null) return callSids;
    expect(next < (after ?? ':')).toBe(true);
    after = next;
  }
  throw new Error('the pages do not end');
};

const expected = (filter: CallFilter): string[] =>
  newestFirst.filter((call) => fits(call, filter)).map(({ callSid }) => callSid);

const at = (second: number): Date => new Date(BEGIN + second * 1000);

const SINGLE_FILTERS: readonly CallFilter[] = [
  {},
  ...[...USERS, '5'].map((userId) => ({ userId })),
  { callerId: '1' },
  { calleeId: '9223372036854775807' },
  { callerId: '2', calleeId: '3' },
  ...[...PHONES, '+861056469589'].map((phone) => ({ phone })),
  ...Object.values(StateType).map((state) => ({ stateType: [state] })),
  { stateType: [1, 3] },
  { stateType: [3, 4] },
  { stateType: [1, 2, 3, 4] },
  ...END_REASONS.map((reason) => ({ endReason: [reason] })),
  { endReason: ['busy', 'lost'] },
  { endReason: END_REASONS },
  { open: true },
  { open: false },
  { completed: true },
  { completed: false },
  { completed: true, open: true },
  { completed: false, endReason: ['completed', 'busy'] },
  ...[...PROVIDERS, 'nobody'].map((provider) => ({ provider })),
  { from: at(30) },
  { to: at(30) },
  { from: at(10), to: at(11) },
  { from: new Date('1999-12-31T23:59:59Z') },
  { to: new Date('1999-12-31T23:59:59Z') },
  { from: new Date('2100-01-01T00:00:00Z') },
  { to: new Date('2100-01-01T00:00:00Z') },
  { from: new Date('0000-01-01T00:00:00+23:59'), to: new Date('9999-12-31T23:59:59-23:59') },
];

it.each(SINGLE_FILTERS)('finds all calls that match %j, newest first, page by page', async (filter) => {
  expect(await pagedThrough(filter, 23)).toEqual(expected(filter));
  expect(await pagedThrough(filter, CALLS)).toEqual(expected(filter));
});

it('finds each call once by any combination of filters, newest first, for any page size and examination limit', async () => {
  const all: fc.Arbitrary<Required<CallFilter>> = fc.record({
    userId: oneOf(USERS),
    callerId: oneOf(USERS),
    calleeId: oneOf(USERS),
    phone: oneOf(PHONES),
    stateType: fc.subarray(Object.values(StateType), { minLength: 1 }),
    endReason: fc.subarray([...END_REASONS], { minLength: 1 }),
    open: fc.boolean(),
    completed: fc.boolean(),
    provider: oneOf(PROVIDERS),
    from: seconds.map(at),
    to: seconds.map(at),
  });
  // With more, hardly a call matches.
  const filters = all.chain((filter) =>
    fc.subarray(Object.entries(filter), { maxLength: 4 }).map((entries): CallFilter => Object.fromEntries(entries)),
  );

  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 10, max: 200 }),
      async (filter, limit, maxExamined) => {
        expect(await pagedThrough(filter, limit, maxExamined)).toEqual(expected(filter));
      },
    ),
    { numRuns: 100 },
  );
});

it('returns a cursor when it has examined as many calls as allowed and found none', async () => {
  const filter: CallFilter = { userId: '3', phone: '95588', provider: 'retired', endReason: ['lost'] };

  const { items, next } = await searchCalls(database, filter, { limit: 1 }, 2);

  expect(items).toEqual([]);
  expect(next).toMatch(/^\d{32}$/);
});
