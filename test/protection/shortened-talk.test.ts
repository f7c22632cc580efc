/** A budget that cannot pay a whole talk, but some minutes of it. */
import { Spending } from '../../src/call/spending/spending.service.js';
import { scriptedProvider } from '../support/scripted-provider.js';
import { scriptedReplica } from '../support/scripted-replica.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    // At a yuan a minute, a call costs at most (90 + 30 + 600) s and 600 s: 22 yuan. With a minute of talk it costs 4.
    environment: { LONGEST_REQUESTED: '90', LONGEST_RINGING: '30', RING_CALLEE: '20', LONGEST_TALK: '600' },
  });
  await service.database.query(`insert into price values ('scripted', '', 1000000, 6, 0)`);
  await service.database.query(`update price_list set currency = 'CNY'`);
});
beforeEach(() => service.database.query('truncate budget, budget_use, call_cost'));
afterAll(() => service.close());

let nextCaller = 60_000;

/** @param limitsTalk whether the provider can end a talk by itself */
const place = async (amount: string, limitsTalk = true) => {
  const budget = { kind: 'all', period: 'day', amount, timeZone: 'Asia/Shanghai' };
  expect((await service.admin('PUT', 'budgets', budget)).ok).toBe(true);
  await service.app.nest.get(Spending, { strict: false }).look();
  const provider = scriptedProvider();
  const replica = scriptedReplica(service, [limitsTalk ? { ...provider, limitsTalk } : provider]);
  const callSid = await replica.place(String(nextCaller++), '2000');
  const [record] = await service.database.query<[object]>(
    `select longest_talk_seconds as talk, reserved, detail->'checks' as checks
     from call_records join call_cost using (call_sid) join call_events using (call_sid)
     where call_sid = $1 and type = 'requested'`,
    [callSid],
  );
  return { dial: provider.dials[0]!, record };
};

const priceCheck = (saw: string): unknown => expect.arrayContaining([{ rule: 'price', saw, said: 'allowed' }]);

it('limits the talk to what it can pay, at the provider and in the record', async () => {
  const { dial, record } = await place('8.05');

  expect(dial.terms).toEqual({ longestTalkSeconds: 180 });
  expect(record).toEqual({
    talk: 180,
    reserved: '8000000',
    checks: priceCheck('at most 8 CNY, with a talk of 180 s'),
  });
});

it('leaves a talk alone that it can pay', async () => {
  const { dial, record } = await place('22');

  expect(dial.terms).toBeUndefined();
  expect(record).toEqual({ talk: null, reserved: '22000000', checks: priceCheck('at most 22 CNY') });
});

it('refuses a call that it cannot pay for a minute', async () => {
  await expect(place('3.999999')).rejects.toMatchObject({ fault: 'budget_spent' });
});

it('refuses a call at a provider that cannot end a talk by itself', async () => {
  await expect(place('8', false)).rejects.toMatchObject({ fault: 'budget_spent' });
});

it('shares what is left among calls at one instant, and no more', async () => {
  const calls = await Promise.allSettled(Array.from({ length: 8 }, () => place('10')));

  const [{ used }] = await service.database.query<[{ used: string }]>(
    'select settled + reserved as used from budget_use',
  );
  expect(BigInt(used)).toBeLessThanOrEqual(10_000_000n);
  expect(calls.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
});
