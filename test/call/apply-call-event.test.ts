import { DataSource } from 'typeorm';
import { applyCallEvent, RINGBACK, type EventToApply } from '../../src/call/record/apply-call-event.js';
import {
  advance,
  EVENT_RULES,
  REQUESTED,
  type CallEventType,
  type CallProgress,
  type EndReason,
} from '../../src/call/record/call-lifecycle.js';
import { storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url, extra: { max: 10 } }).initialize();
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Seconds; the defaults. */
const LONGEST_STAYS = [90, 120, 14_400];

const newCall = async (): Promise<string> => (await storeCall(database)).callSid;

let nextEvent = 1;
const event = (callSid: string, type: CallEventType, second: number, endReason?: EndReason): EventToApply => ({
  provider: 'elsewhere',
  eventId: `event-${nextEvent++}`,
  callSid,
  type,
  occurredAt: at(second),
  endReason,
});
const apply = async (one: EventToApply) => (await applyCallEvent(database, one, LONGEST_STAYS)).applied;

interface StoredCall extends CallProgress {
  readonly changes: number;
  readonly providerCallId: string | null;
  readonly sweepAt: Date;
  readonly deadlineAt: Date;
}

const stored = async (callSid: string): Promise<StoredCall> => {
  const [row] = await database.query<StoredCall[]>(
    `select state, ringing_at as "ringingAt", answered_at as "answeredAt", ended_at as "endedAt",
       end_reason as "endReason", ended_by as "endedBy", changes, provider_call_id as "providerCallId",
       sweep_at as "sweepAt", deadline_at as "deadlineAt"
     from call_records where call_sid = $1`,
    [callSid],
  );
  if (!row) throw new Error('no such call');
  return row;
};

const changeNumbers = async (callSid: string): Promise<number[]> => {
  const rows = await database.query<{ n: number }[]>(
    'select change_number as n from call_events where call_sid = $1 and change_number is not null order by 1',
    [callSid],
  );
  return rows.map(({ n }) => n);
};

const BEFORE: readonly (readonly [CallEventType, number, EndReason?])[][] = [
  [],
  [['ringing', 1]],
  [['answered', 2]],
  [
    ['ringing', 1],
    ['answered', 2],
  ],
  [
    ['ringing', 1],
    ['answered', 2],
    ['ended', 5, 'completed'],
  ],
  [['ended', 5, 'busy']],
  [
    ['ringing', 1],
    ['canceled', 5, 'canceled'],
  ],
  [['lost', 5, 'lost']],
];

describe('the statement that applies an event', () => {
  it.each(BEFORE.map((before) => ({ before, after: before.map(([type]) => type).join(', ') || 'nothing' })))(
    'changes the row as the pure lifecycle does, for every event after $after',
    async ({ before }) => {
      const reasons: (EndReason | undefined)[] = [undefined, 'completed', 'canceled', 'busy'];
      for (const type of Object.keys(EVENT_RULES) as CallEventType[]) {
        for (const [second, endReason] of [0, 5, 10].flatMap((s) => reasons.map((r) => [s, r] as const))) {
          const callSid = await newCall();
          const events = [...before.map((one) => event(callSid, ...one)), event(callSid, type, second, endReason)];
          for (const one of events) await apply(one);

          const expected = events.reduce(
            (call, one) => advance(call, { ...one, occurredAt: one.occurredAt ?? at(0) }),
            REQUESTED,
          );
          expect({ type, second, endReason, call: await stored(callSid) }).toMatchObject({ call: expected });
        }
      }
    },
  );

  it('stores an event once, and distinguishes a repeat from a replay', async () => {
    const callSid = await newCall();
    const ringing = { ...event(callSid, 'ringing', 1), receipt: 'first delivery' };

    expect(await apply(ringing)).toBe('applied');
    expect(await apply({ ...ringing, receipt: 'second delivery' })).toBe('repeated');
    expect(await apply(ringing)).toBe('replayed');

    expect(await stored(callSid)).toMatchObject({ state: 2, changes: 2 });
    expect(await changeNumbers(callSid)).toEqual([1, 2]);
  });

  it('does not store an event of a call that does not exist', async () => {
    const stray = event('9'.repeat(32), 'ringing', 1);

    expect(await apply(stray)).toBe('unknown_call');

    expect(await database.query('select 1 from call_events where event_id = $1', [stray.eventId])).toEqual([]);
  });

  it('stores an event that changes nothing, without a change number', async () => {
    const callSid = await newCall();

    expect(await apply(event(callSid, 'caller_answered', 1))).toBe('applied');

    expect(await stored(callSid)).toMatchObject({ state: 1, changes: 1 });
    expect(await changeNumbers(callSid)).toEqual([1]);
  });

  it('does not close a call as lost when the call is already over', async () => {
    const callSid = await newCall();
    await apply(event(callSid, 'ended', 5, 'busy'));

    expect(await apply({ ...event(callSid, 'lost', 6, 'lost'), provider: RINGBACK })).toBe('too_late');

    expect(await stored(callSid)).toMatchObject({ endReason: 'busy', endedBy: 'provider', changes: 2 });
  });

  it.each<[CallEventType, EndReason | undefined]>([
    ['ringing', undefined],
    ['answered', undefined],
    ['ended', 'busy'],
  ])(
    'stores %s from a provider that the call was moved away from, and does not change the call',
    async (type, endReason) => {
      const callSid = await newCall();
      const before = await stored(callSid);
      const late = { ...event(callSid, type, 5, endReason), provider: 'former', providerCallId: 'of the former' };

      expect(await apply(late)).toBe('applied');
      expect(await apply(late)).toBe('repeated');

      expect(await stored(callSid)).toEqual(before);
      expect(await changeNumbers(callSid)).toEqual([1]);
    },
  );

  it('keeps the first providerCallId', async () => {
    const callSid = await newCall();

    await apply({ ...event(callSid, 'ringing', 1), providerCallId: 'first' });
    await apply({ ...event(callSid, 'answered', 2), providerCallId: 'second' });

    expect((await stored(callSid)).providerCallId).toBe('first');
  });

  it('sets the deadline by the longest stay of each state', async () => {
    const callSid = await newCall();
    const secondsLeft = async (): Promise<number> => {
      const [row] = await database.query<{ left: number }[]>(
        'select extract(epoch from deadline_at - now())::float8 as left from call_records where call_sid = $1',
        [callSid],
      );
      return row?.left ?? 0;
    };

    await apply(event(callSid, 'ringing', 1));
    expect(await secondsLeft()).toBeGreaterThan(110);
    expect(await secondsLeft()).toBeLessThanOrEqual(120);
    await apply(event(callSid, 'answered', 2));

    expect(await secondsLeft()).toBeGreaterThan(14_000);
  });

  it('schedules the next check of an open call at its deadline at the latest', async () => {
    const nextCheck = async (callSid: string) => {
      const [row] = await database.query<{ seconds: number; inTime: boolean }[]>(
        `select extract(epoch from sweep_at - now())::float8 as seconds, sweep_at <= deadline_at as "inTime"
         from call_records where call_sid = $1`,
        [callSid],
      );
      return row;
    };
    const callSid = await newCall();

    await apply(event(callSid, 'ringing', 1));
    const ringing = await nextCheck(callSid);
    await apply(event(callSid, 'answered', 2));
    const talking = await nextCheck(callSid);

    expect([ringing?.inTime, talking?.inTime]).toEqual([true, true]);
    expect(ringing?.seconds).toBeLessThanOrEqual(36);
    expect(talking?.seconds).toBeGreaterThan(200);
    expect(talking?.seconds).toBeLessThanOrEqual(360);
  });

  it('numbers changes without gaps when events arrive concurrently on many connections', async () => {
    for (let round = 0; round < 30; round++) {
      const callSid = await newCall();
      const events = [
        event(callSid, 'caller_answered', 0),
        event(callSid, 'ringing', 1),
        event(callSid, 'answered', 2),
        event(callSid, 'ended', 5, 'completed'),
        event(callSid, 'ended', 4, 'failed'),
      ];

      const outcomes = await Promise.all([...events, ...events].map(apply));

      expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(events.length);
      const call = await stored(callSid);
      expect(call).toMatchObject({
        state: 4,
        endReason: 'failed',
        ringingAt: at(1),
        answeredAt: at(2),
        endedAt: at(4),
      });
      expect(await changeNumbers(callSid)).toEqual(Array.from({ length: call.changes }, (_, index) => index + 1));
    }
  });
});

it('a word about who ended the call is a change, though the instant and the reason are known', async () => {
  const callSid = await newCall();
  await apply(event(callSid, 'ended', 5, 'canceled'));
  const { changes } = await stored(callSid);

  await apply({ ...event(callSid, 'canceled', 5, 'canceled'), provider: RINGBACK });

  expect(await stored(callSid)).toMatchObject({ endedBy: 'cancel', endReason: 'canceled', changes: changes + 1 });
  const [told] = await database.query<{ type: string; endedBy: string }[]>(
    `select change::json->>'type' as type, change::json->'data'->>'endedBy' as "endedBy" from call_events
     where call_sid = $1 and change_number = $2`,
    [callSid, changes + 1],
  );
  expect(told).toEqual({ type: 'call.amended', endedBy: 'cancel' });
});
