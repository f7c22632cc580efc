/** The limits that the statement which opens a call holds by itself, however many calls come at one instant. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { openCall, LimitSpent, type CallToOpen, type OpenCall } from '../../src/call/record/open-call.js';
import { findRecentCalls, calleesSubject } from '../../src/call/record/recent-calls.js';
import { newPhone } from '../support/backend.js';
import { applyEvent, callToOpen, NO_LIMITS } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
let replicas: DataSource[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const options = dataSourceOptions(testDatabase.url, 10);
  // A hundred at one instant may wait longer for a connection than a request does.
  const patient = { ...options, extra: { ...options.extra, connectLimitMs: 60_000 } };
  const connect = () => new DataSource(patient).initialize();
  replicas = [await connect(), await connect()];
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.destroy()));
  await testDatabase.drop();
});

const on = (turn: number): DataSource => replicas[turn % 2]!;

const open = (some: Partial<CallToOpen>, turn = 0): Promise<OpenCall> => openCall(on(turn), callToOpen(some));

const end = async (callSid: string): Promise<unknown> =>
  applyEvent(on(0), callSid, { type: 'ended', endReason: 'completed' });

let lastLine = 0;
const newLine = (): string => String(++lastLine);

describe('a service line', () => {
  const call = (serviceLineId: string, lineCallsAtOnce: number | null, turn = 0, some: Partial<CallToOpen> = {}) =>
    open({ serviceLineId, limits: { ...NO_LIMITS, lineCallsAtOnce }, ...some }, turn);

  it.each([1, 7, 60])(
    'has exactly %s of 100 calls at one instant on two replicas, and again when they are over',
    async (most) => {
      const line = newLine();
      for (const round of [0, 1]) {
        const calls = await Promise.all(Array.from({ length: 100 }, (_, turn) => call(line, most, turn + round)));

        const placed = calls.filter(({ isNew }) => isNew);
        expect(placed).toHaveLength(most);
        expect(calls.filter(({ isNew, isOfCallee }) => !isNew && !isOfCallee)).toEqual([]);
        for (const { callSid } of placed) await end(callSid);
      }
    },
  );

  it('has as many as come without a limit', async () => {
    const line = newLine();
    const calls = await Promise.all(Array.from({ length: 30 }, (_, turn) => call(line, null, turn)));

    expect(calls.every(({ isNew }) => isNew)).toBe(true);
  });

  it('counts the calls from before there was a limit, and those above one that was lowered', async () => {
    const line = newLine();
    const before = await call(line, null);
    const [second, third] = [await call(line, 3), await call(line, 3)];
    expect((await call(line, 3)).isNew).toBe(false);

    expect((await call(line, 2)).isNew).toBe(false);
    await end(before.callSid);
    expect((await call(line, 2)).isNew).toBe(false);
    await end(second.callSid);
    expect((await call(line, 2)).isNew).toBe(true);
    expect((await call(line, 2)).isNew).toBe(false);
    await end(third.callSid);
    const calls = await Promise.all(Array.from({ length: 20 }, (_, turn) => call(line, 2, turn)));
    expect(calls.filter(({ isNew }) => isNew)).toHaveLength(1);
  });

  it('is not limited by the calls of another line', async () => {
    const [line, other] = [newLine(), newLine()];
    await call(line, 1);

    expect((await call(other, 1)).isNew).toBe(true);
    expect((await call(line, 1)).isNew).toBe(false);
  });

  it('returns a caller’s own call to a caller who asks again, also where no slot is free', async () => {
    const line = newLine();
    const callerId = '650001';
    const { callSid } = await call(line, 1, 0, { callerId });

    expect(await call(line, 1, 1, { callerId })).toMatchObject({ callSid, isNew: false, isOfCallee: false });
  });

  it('shows, where no slot is free, any of its calls, so that each is checked for a lost end before long', async () => {
    const line = newLine();
    const calls = [await call(line, null), await call(line, 3), await call(line, 3)];
    const shown: string[] = [];
    for (let turn = 0; turn < 60; turn++) shown.push((await call(line, 3)).callSid);

    expect(new Set(shown)).toEqual(new Set(calls.map(({ callSid }) => callSid)));
  });
});

describe('a caller', () => {
  const limits = { ...NO_LIMITS, calleesPerCaller: [{ calls: 3, seconds: 86_400 }] };
  const callOnce = async (callerId: string, calleePhone: string, turn = 0): Promise<void> => {
    const { callSid } = await open({ callerId, calleePhone, limits }, turn);
    await end(callSid);
  };

  it('calls as many different numbers as allowed, and these again', async () => {
    const callerId = '650002';
    const phones = [newPhone(), newPhone(), newPhone()];
    for (const phone of [...phones, ...phones, ...phones]) await callOnce(callerId, phone);

    await expect(callOnce(callerId, newPhone())).rejects.toBeInstanceOf(LimitSpent);
    await callOnce(callerId, phones[0]!);
    await callOnce('650003', newPhone());
    const recent = await findRecentCalls(on(1), [calleesSubject(callerId)]);
    expect(recent.calleesOf(callerId).map(({ phone }) => phone)).toEqual([phones[1], phones[2], phones[0]]);
  });

  it('calls another number once an earlier one is out of the window', async () => {
    const callerId = '650004';
    const phones = [newPhone(), newPhone(), newPhone()];
    for (const phone of phones) await callOnce(callerId, phone);
    await on(0).query(`update recent_calls set placed_at[1] = now() - interval '1 day' where subject = $1`, [
      calleesSubject(callerId),
    ]);

    await callOnce(callerId, newPhone());
    await expect(callOnce(callerId, phones[0]!)).rejects.toBeInstanceOf(LimitSpent);
  });

  it('calls exactly as many of many numbers at one instant as allowed', async () => {
    const callerId = '650005';
    const placed: string[] = [];
    for (let round = 0; round < 4; round++) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 30 }, (_, turn) => open({ callerId, calleePhone: newPhone(), limits }, turn)),
      );
      const opened = outcomes.flatMap((one) => (one.status === 'fulfilled' && one.value.isNew ? [one.value] : []));
      for (const { callSid } of opened) await end(callSid);
      placed.push(...opened.map(({ callSid }) => callSid));
    }

    expect(placed).toHaveLength(3);
  });

  it('is told nothing of the numbers by PostgreSQL’s log', async () => {
    const callerId = '650006';
    for (let turn = 0; turn < 3; turn++) await callOnce(callerId, newPhone(), turn);
    const phone = newPhone();

    const error = await open({ callerId, calleePhone: phone, limits }).catch((thrown: unknown) => thrown);

    expect(String((error as Error).cause)).toContain('a rate of calls is spent');
    expect(String((error as Error).cause)).not.toContain(phone.slice(3));
  });
});
