/**
 * Each event of a call arrives once, several times or never, late, in any order, and concurrently over several connections.
 * In every case, the record equals the pure lifecycle applied to the events that arrived.
 */
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { applyCallEvent, RINGBACK, type EventToApply } from '../../src/call/record/apply-call-event.js';
import type { CallChange } from '../../src/call/record/call-change.js';
import {
  advance,
  EVENT_RULES,
  REQUESTED,
  type CallEventType,
  type CallProgress,
  type EndReason,
  type LifecycleEvent,
} from '../../src/call/record/call-lifecycle.js';
import { SCRIPTS } from '../../src/telephony/simulator/call-script.js';
import { PROVIDER_END_REASONS } from '../../src/telephony/telephony-provider.js';
import { LONGEST_STAYS, storeCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Each run has another seed, so that many runs play more histories. */
const HISTORIES = 1_500;
const HISTORIES_A_RUN = 25;
const CONNECTIONS = 8;

interface Fact {
  readonly provider: string;
  readonly type: CallEventType;
  readonly atMs: number;
  readonly endReason?: EndReason | undefined;
}

/** Concurrent lanes. Each lane delivers facts one after the other; a fact is given by its index in `facts`. */
interface History {
  readonly facts: readonly Fact[];
  readonly lanes: readonly (readonly number[])[];
}

const scripts = fc.constantFrom(...Object.values(SCRIPTS)).map(({ steps }): Fact[] =>
  steps.map(({ type, atSeconds, endReason }) => ({
    provider: 'elsewhere',
    type,
    atMs: atSeconds * 1000,
    endReason,
  })),
);

/** A hang-up at about the same time as the script's own end, by a clock with some skew. */
const secondEnd = fc.record({
  provider: fc.constant('elsewhere'),
  type: fc.constant<CallEventType>('ended'),
  atMs: fc.integer({ min: 0, max: 40_000 }),
  endReason: fc.constantFrom(...PROVIDER_END_REASONS),
});

const ownFact = (type: CallEventType, endReason?: EndReason) =>
  fc.record({
    provider: fc.constant(RINGBACK),
    type: fc.constant(type),
    atMs: fc.integer({ min: 0, max: 40_000 }),
    endReason: fc.constant(endReason),
  });

const ownFacts = fc.subarray([
  ownFact('accepted'),
  ownFact('refused', 'failed'),
  ownFact('canceled', 'canceled'),
  ownFact('expired', 'canceled'),
  ownFact('lost', 'lost'),
]);

const histories: fc.Arbitrary<History> = fc
  .tuple(
    scripts,
    fc.array(secondEnd, { maxLength: 1 }),
    ownFacts.chain((some) => fc.tuple(...some)),
  )
  .chain(([scripted, seconds, own]): fc.Arbitrary<History> => {
    const facts = [...scripted, ...seconds, ...own];
    if (facts.length === 0) return fc.constant({ facts, lanes: [] });
    const lane = fc.array(fc.nat({ max: facts.length - 1 }), { maxLength: 8 });
    return fc.record({ facts: fc.constant(facts), lanes: fc.array(lane, { minLength: 1, maxLength: 3 }) });
  });

let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url, poolSize: CONNECTIONS }).initialize();
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const newCall = async (): Promise<string> => (await storeCall(database)).callSid;

const BEGIN = Date.UTC(2026, 0, 1);

const eventOf = (callSid: string, { provider, type, atMs, endReason }: Fact, place: number): EventToApply => ({
  provider,
  eventId: `${callSid}-${place}`,
  callSid,
  type,
  occurredAt: new Date(BEGIN + atMs),
  endReason,
});

interface StoredCall extends CallProgress {
  readonly changes: number;
  readonly published: readonly string[];
  readonly storedIds: readonly string[];
}

const READ = `
select state, ringing_at as "ringingAt", answered_at as "answeredAt", ended_at as "endedAt", end_reason as "endReason",
  ended_by as "endedBy", changes,
  array(select change from call_events event where event.call_sid = call.call_sid and change_number is not null
    order by change_number) as published,
  array(select event_id from call_events event where event.call_sid = call.call_sid and type <> 'requested'
    order by event_id collate "C") as "storedIds"
from call_records call where call_sid = $1
`;

/** Plays a history, and compares the record with the pure lifecycle applied to the events that were applied. */
const play = async ({ facts, lanes }: History): Promise<number> => {
  const callSid = await newCall();
  const events = facts.map((fact, place) => eventOf(callSid, fact, place));
  const arrived = new Set<EventToApply>();
  const outcomes = await Promise.all(
    lanes.map(async (lane) => {
      for (const place of lane) {
        const event = events[place]!;
        const { applied } = await applyCallEvent(database, event, LONGEST_STAYS);
        if (applied === 'applied') arrived.add(event);
        expect(['applied', 'repeated', 'too_late']).toContain(applied);
        // An event from a provider is stored even when it is late.
        if (applied === 'too_late') expect(inTimeOnly(event)).toBe(true);
      }
      return lane.length;
    }),
  );

  const [{ changes, published, storedIds, ...call } = { changes: 0, published: [], storedIds: [] }] =
    await database.query<StoredCall[]>(READ, [callSid]);
  // An event that applies only to an open call, and was in time, arrived before every end.
  const ordered = [...arrived].sort((a, b) => Number(inTimeOnly(b)) - Number(inTimeOnly(a)));
  const oracle = ordered.reduce<CallProgress>((so, event) => advance(so, lifecycleEventOf(event)), REQUESTED);
  expect(call).toEqual(oracle);
  expect(storedIds).toEqual([...arrived].map(({ eventId }) => eventId).sort());
  const delivered = new Set(lanes.flat().map((place) => events[place]!));
  for (const event of delivered) if (!inTimeOnly(event)) expect(storedIds).toContain(event.eventId);
  expectUnbroken(published, changes, oracle);
  return outcomes.reduce((sum, count) => sum + count, 0);
};

const inTimeOnly = ({ type }: EventToApply): boolean => EVENT_RULES[type].onlyWhileOpen ?? false;

const lifecycleEventOf = ({ type, occurredAt, endReason }: EventToApply): LifecycleEvent => ({
  type,
  occurredAt: occurredAt!,
  ...(endReason && { endReason }),
});

/** The published changes have no gap in their numbers, and the state never decreases. */
const expectUnbroken = (published: readonly string[], changes: number, { state, endReason }: CallProgress): void => {
  const data = published.map((bytes) => (JSON.parse(bytes) as CallChange).data);
  expect(data.map(({ number }) => number)).toEqual(Array.from({ length: changes }, (_, index) => index + 1));
  const states = data.map(({ stateType }) => Number(stateType));
  expect(states).toEqual([...states].sort());
  expect(data.at(-1)).toMatchObject({ stateType: String(state), endReason });
};

it('the record equals the lifecycle applied to the events, for any order, repetition and concurrency', async () => {
  const seed = Date.now() % 2 ** 31;
  let played = 0;
  let deliveries = 0;

  await fc.assert(
    fc.asyncProperty(fc.array(histories, { minLength: HISTORIES_A_RUN, maxLength: HISTORIES_A_RUN }), async (run) => {
      const counts = await Promise.all(run.map(play));
      played += counts.length;
      deliveries += counts.reduce((sum, count) => sum + count, 0);
    }),
    { seed, numRuns: HISTORIES / HISTORIES_A_RUN, endOnFailure: true },
  );

  process.stdout.write(`${played} event histories with ${deliveries} deliveries hold (seed ${seed})\n`);
  expect(played).toBeGreaterThanOrEqual(HISTORIES);
}, 240_000);
