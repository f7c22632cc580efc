/** open_call holds what each open call takes, and nothing else: triggers keep it with whatever writes the record. */
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { openCall, type OpenCall } from '../../src/call/record/open-call.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { applyEvent, callToOpen, laterCallSid, NO_LIMITS, storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

let testDatabase: TestDatabase;
let database: DataSource;
let other: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 10)).initialize();
  other = new Client({ connectionString: testDatabase.url });
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await database.destroy();
  await testDatabase.drop();
});
afterEach(async () => {
  const differences = await database.query<unknown[]>(`
    select coalesce(open.call_sid, call.call_sid) from open_call open
    full join (select * from call_records where state < 4) call on call.call_sid = open.call_sid
    where (open.caller_id, open.callee_id, open.taken_phone, open.service_line_id, open.line_slot, open.placed_by)
      is distinct from
      (call.caller_id, call.callee_id, call.taken_phone, call.service_line_id, call.line_slot, call.placed_by)`);
  expect(differences).toEqual([]);
});

const entryOf = (callSid: string): Promise<unknown[]> =>
  database.query('select caller_id as "callerId", taken_phone as "takenPhone" from open_call where call_sid = $1', [
    callSid,
  ]);

const someoneWaits = (): Promise<unknown> =>
  waitFor('a statement that waits for another transaction', async () => {
    const { rows } = await other.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  });

/** As version 0.1.0 does it, into the first partition: it names the columns of an index. */
const insertAsBefore = async (callerId: string): Promise<number> => {
  const { rowCount } = await other.query(
    `insert into call_record
       (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state, requested_at, changes,
        sweep_at, deadline_at)
     values ($1, $2, 2000, '+8613900001001', '+8613800002000', 'elsewhere', 'demo', 1, now(), 1, 'infinity', 'infinity')
     on conflict (caller_id) where state < 4 do nothing`,
    [laterCallSid(), callerId],
  );
  return rowCount ?? 0;
};

it('a call takes its caller until it ends, also from calls of version 0.1.0', async () => {
  const call = await storeCall(database);

  expect(await insertAsBefore(call.callerId)).toBe(0);
  await applyEvent(database, call.callSid, { type: 'ended', endReason: 'completed' });

  expect(await entryOf(call.callSid)).toEqual([]);
  expect(await insertAsBefore(call.callerId)).toBe(1);
  const { isNew } = await openCall(database, callToOpen({ callerId: call.callerId }));
  expect(isNew).toBe(false);
});

it.each([
  ['commits', true],
  ['is rolled back', false],
])('a call that is placed while the caller’s last one ends waits until that end %s', async (_, commits) => {
  const call = await storeCall(database);
  await other.query('begin');
  await other.query(
    `update call_records set state = 4, end_reason = 'busy', ended_by = 'provider', ended_at = now() where call_sid = $1`,
    [call.callSid],
  );

  const placing: Promise<OpenCall> = openCall(database, callToOpen({ callerId: call.callerId }));
  await someoneWaits();
  await other.query(commits ? 'commit' : 'rollback');

  const { callSid, isNew } = await placing;
  expect([isNew, callSid === call.callSid]).toEqual([commits, !commits]);
});

it('a call whose placing is rolled back leaves its caller free', async () => {
  const { callerId } = callToOpen();
  await other.query('begin');
  await insertAsBefore(callerId);

  const placing = openCall(database, callToOpen({ callerId }));
  await someoneWaits();
  await other.query('rollback');

  expect((await placing).isNew).toBe(true);
});

it('another caller, phone or slot of an open call is taken instead, and refused if it belongs to another call', async () => {
  const limits = { ...NO_LIMITS, oneCallPerCallee: true };
  const [one, another] = [
    await storeCall(database),
    await storeCall(database, { calleePhone: '+8613900009999', limits }),
  ];

  await database.query(`update call_records set caller_id = 4711, taken_phone = '+861' where call_sid = $1`, [
    one.callSid,
  ]);

  expect(await entryOf(one.callSid)).toEqual([{ callerId: '4711', takenPhone: '+861' }]);
  await expect(
    database.query('update call_records set caller_id = $2 where call_sid = $1', [one.callSid, another.callerId]),
  ).rejects.toThrow('call_record_one_open_call_a_caller');
});

it('a removed call takes nothing', async () => {
  const call = await storeCall(database);

  await database.query('delete from call_records where call_sid = $1', [call.callSid]);

  expect(await entryOf(call.callSid)).toEqual([]);
});

it('of calls of few callers at one instant, each placed and ended in turn, no caller has two', async () => {
  const callers = Array.from({ length: 4 }, () => callToOpen().callerId);
  const opened: string[] = [];

  const inTurn = async (callerId: string): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      const { callSid, isNew } = await openCall(database, callToOpen({ callerId }));
      if (isNew) opened.push(callSid);
      await applyEvent(database, callSid, { type: 'ended', endReason: 'completed' });
    }
  };
  await Promise.all(callers.flatMap((callerId) => Array.from({ length: 5 }, () => inTurn(callerId))));

  // No two calls of one caller at the same time: each was placed after the end of the one before, by the order of transactions.
  expect(new Set(opened).size).toBe(opened.length);
  expect(opened.length).toBeGreaterThanOrEqual(callers.length);
});
