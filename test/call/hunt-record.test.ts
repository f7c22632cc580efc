/** The record of a call that tries several numbers, whatever the order in which their events arrive. */
import { DataSource } from 'typeorm';
import type { EventToApply } from '../../src/call/record/apply-call-event.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { applyEvent, storeCall, type StoredCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PHONES = ['+8613800003101', '+8613800003102', '+8613800003100'] as const;
const LINE = '1';

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 8)).initialize();
});
beforeEach(async () => {
  await database.query('truncate service_line restart identity');
  await database.query(
    `insert into service_line (name, phone, open, position, hunt) values ('line', $1, true, 1, 'turn')`,
    [PHONES[0]],
  );
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const store = (): Promise<StoredCall> =>
  storeCall(database, { serviceLineId: LINE, calleePhone: PHONES[0], hunt: PHONES });

type Fact = Pick<EventToApply, 'type'> & Partial<EventToApply>;

const at = (second: number): Date => new Date(Date.UTC(2026, 9, 30, 8, 0, second));
const legEnded = (place: number, endReason: 'busy' | 'no_answer'): Fact => ({
  type: 'leg_ended',
  eventId: `leg ${place}`,
  occurredAt: at(place * 5),
  place,
  endReason,
});
const HISTORY: readonly Fact[] = [
  legEnded(1, 'busy'),
  { type: 'ringing', occurredAt: at(6) },
  legEnded(2, 'no_answer'),
  { type: 'answered', occurredAt: at(12), place: 3 },
  { type: 'ended', occurredAt: at(20), endReason: 'completed', place: 3 },
];

const orders = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((one, index) => orders(items.filter((_, other) => other !== index)).map((rest) => [one, ...rest]));

const recordOf = async ({ callSid }: StoredCall): Promise<unknown> => {
  const [record] = await database.query<unknown[]>(
    `select state, end_reason as "endReason", callee_phone as "calleePhone", ringing_at as "ringingAt",
       answered_at as "answeredAt", ended_at as "endedAt",
       (select count(*)::int from call_events event where event.call_sid = record.call_sid and type = 'leg_ended') as legs
     from call_records record where call_sid = $1`,
    [callSid],
  );
  return record;
};

const lastPhone = async (): Promise<string | null> => {
  const [line] = await database.query<[{ last: string | null }]>('select last_phone as last from service_line');
  return line.last;
};

it('is the same for any order of the events, and any repeats, over several connections', async () => {
  const expected = {
    ...{ state: 4, endReason: 'completed', calleePhone: PHONES[2], legs: 2 },
    ...{ ringingAt: at(6), answeredAt: at(12), endedAt: at(20) },
  };

  for (const order of orders(HISTORY)) {
    const call = await store();
    for (const fact of order) await applyEvent(database, call.callSid, fact);
    expect(await recordOf(call)).toEqual(expected);
  }
  for (let round = 0; round < 10; round++) {
    const call = await store();
    await Promise.all([...HISTORY, ...HISTORY].map((fact) => applyEvent(database, call.callSid, fact)));
    expect(await recordOf(call)).toEqual(expected);
  }
  expect(await lastPhone()).toBe(PHONES[2]);
});

it('has the number at which the caller has left', async () => {
  const call = await store();

  await applyEvent(database, call.callSid, legEnded(1, 'busy'));
  await applyEvent(database, call.callSid, { type: 'ended', occurredAt: at(7), endReason: 'canceled' });

  expect(await recordOf(call)).toMatchObject({ calleePhone: PHONES[1], endReason: 'canceled' });
  expect(await lastPhone()).toBeNull();
});

it('tells of each number that ended its place and reason, and makes no change of it', async () => {
  const call = await store();

  await applyEvent(database, call.callSid, { ...legEnded(1, 'busy'), detail: { leg: 'B', cause: 17 } });

  expect(
    await database.query(`select detail, change from call_events where call_sid = $1 and type = 'leg_ended'`, [
      call.callSid,
    ]),
  ).toEqual([{ detail: { leg: 'B', cause: 17, place: 1, endReason: 'busy' }, change: null }]);
});

it('keeps its number if the event is of a place that it does not have, or of another provider', async () => {
  const [beyond, foreign] = [await store(), await store()];

  await applyEvent(database, beyond.callSid, legEnded(7, 'busy'));
  await applyEvent(database, foreign.callSid, { ...legEnded(1, 'busy'), provider: 'another' });

  for (const call of [beyond, foreign]) expect(await recordOf(call)).toMatchObject({ calleePhone: PHONES[0] });
});

it('leaves to the line the number that took the latest call, even if its answer arrives first', async () => {
  const [late, early] = [await store(), await store()];

  await applyEvent(database, late.callSid, { type: 'answered', occurredAt: at(30), place: 2 });
  await applyEvent(database, early.callSid, { type: 'answered', occurredAt: at(10), place: 3 });

  expect(await lastPhone()).toBe(PHONES[1]);
});

it('leaves to the line the number of a later call, also after an answer by a clock that is years ahead', async () => {
  const [ahead, later] = [await store(), await store()];

  await applyEvent(database, ahead.callSid, {
    type: 'answered',
    occurredAt: new Date('2099-01-01T00:00:00Z'),
    place: 2,
  });
  expect(await lastPhone()).toBe(PHONES[1]);
  await applyEvent(database, later.callSid, { type: 'answered', occurredAt: new Date(Date.now() + 1_000), place: 3 });

  expect(await lastPhone()).toBe(PHONES[2]);
});

it('of calls that are answered at once is that of the latest, on any number of connections', async () => {
  const calls = await Promise.all(Array.from({ length: 20 }, store));

  await Promise.all(
    calls.map(({ callSid }, index) =>
      applyEvent(database, callSid, { type: 'answered', occurredAt: at(index), place: (index % 3) + 1 }),
    ),
  );

  expect(await lastPhone()).toBe(PHONES[19 % 3]);
});
