/** Calls that wait for a provider with limits wait in line, and a turn that is given up is not lost. */
import type { DataSource } from 'typeorm';
import { releaseDialSlot } from '../../src/call/placement/release-dial-slot.js';
import { acquireDialSlot } from '../../src/call/placement/provider-rate-limit.js';
import { storeCall, tellOf, type StoredCall } from '../support/stored-call.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };

let telephony: TwoProviders;
let database: DataSource;

beforeAll(async () => {
  telephony = await startTwoProviders({ ROUTES: '=twilio', TWILIO_CALLS_PER_SECOND: '0.4' });
  ({ database } = telephony.service);
});
afterAll(() => telephony.close());

/** When Twilio may be asked for the next call. @param set moves it there first */
const nextTurn = async (set = 'next_at'): Promise<Date | undefined> => {
  await database.query(`insert into provider_turn (provider, next_at) values ('twilio', now()) on conflict do nothing`);
  const [[turn]] = await database.query<[{ next: Date }[], number]>(
    `update provider_turn set next_at = date_trunc('milliseconds', ${set}) where provider = 'twilio' returning next_at as next`,
  );
  return turn?.next;
};

describe('a place that becomes free', () => {
  it('goes to the call that has waited for longest', async () => {
    const provider = { name: 'crowded', limits: { callsPerSecond: null, callsAtOnce: 1 } };
    const running = await storeCall(database, { provider: 'crowded' });
    const first = await storeCall(database, { provider: 'crowded', waitsForDialSlot: true });
    const second = await storeCall(database, { provider: 'crowded', waitsForDialSlot: true });
    const order: string[] = [];
    const turn = async ({ callSid }: StoredCall) => {
      order.push((await acquireDialSlot(database, callSid, provider)) === 'taken' ? callSid : 'not taken');
      await tellOf(database, callSid, { type: 'ended', endReason: 'busy' });
    };
    const waiting = turn(first);
    await waitFor('the first to have looked', async () => {
      const looked = await database.query<unknown[]>(`select from provider_turn where provider = 'crowded'`);
      return looked.length > 0;
    });

    await tellOf(database, running.callSid, { type: 'ended', endReason: 'busy' });
    await Promise.all([turn(second), waiting]);

    expect(order).toEqual([first.callSid, second.callSid]);
  });

  it('is waited for although the clock of the machine is set forward meanwhile', async () => {
    const provider = { name: 'set-clock', limits: { callsPerSecond: null, callsAtOnce: 1 } };
    const running = await storeCall(database, { provider: 'set-clock' });
    const { callSid } = await storeCall(database, { provider: 'set-clock', waitsForDialSlot: true });
    const looks = jest.spyOn(database, 'transaction');
    const tomorrow = Date.now() + 86_400_000;
    const clock = jest.spyOn(Date, 'now');
    try {
      const waiting = acquireDialSlot(database, callSid, provider);
      clock.mockReturnValue(tomorrow);
      await waitFor('more looks after the clock was set', () => looks.mock.calls.length > 2);
      await tellOf(database, running.callSid, { type: 'ended', endReason: 'busy' });
      expect(await waiting).toBe('taken');
    } finally {
      clock.mockRestore();
      looks.mockRestore();
    }
  });
});

describe('a turn that is given up', () => {
  it('is given back, so that one who places and cancels again and again keeps nobody else from calling', async () => {
    const { service, twilio } = telephony;
    const [restless, other] = [await telephony.user('twilio'), await telephony.user('twilio')];
    /** Well within a caller's patience, and long enough for a cancel to come before it. */
    const next = await nextTurn(`now() + interval '2.5 seconds'`);
    const placing = service.ask(restless, 'call/2013');
    const callSid = await waitFor('the call to have its turn', async () => {
      const [call] = await database.query<{ callSid: string }[]>(
        `select call_sid as "callSid" from call_record where caller_id = $1 and turn_at <> 'infinity'`,
        [restless],
      );
      return call?.callSid;
    });

    expect(await service.ask(restless, `callCancel/${callSid}`)).toEqual(CANCELED);

    expect(await nextTurn()).toEqual(next);
    expect(await placing).toEqual({ data: { callSid }, returnCode: 200, returnMsg: 'success' });
    expect(twilio.calls.size).toBe(0);
    await nextTurn('now()');
    expect(await service.ask(other, 'call/2013')).toMatchObject({ returnCode: 200 });
    expect(twilio.calls.size).toBe(1);
  });

  it('moves up those that wait behind it, and no other', async () => {
    const turns = [0, 60, 61, 62, 63];
    const calls = await Promise.all(turns.map(() => storeCall(database, { waitsForDialSlot: true })));
    await database.query(`insert into provider_turn (provider, next_at) values ('elsewhere', '2100-01-01T00:01:04Z')`);
    await Promise.all(
      calls.map(({ callSid }, index) =>
        database.query(
          `update call_record set turn_at = '2100-01-01T00:00:00Z'::timestamptz + $2 * interval '1 second' where call_sid = $1`,
          [callSid, turns[index]],
        ),
      ),
    );
    const secondsOf = async ({ callSid }: StoredCall) => {
      const [row] = await database.query<{ seconds: number }[]>(
        `select extract(epoch from nullif(turn_at, 'infinity') - '2100-01-01T00:00:00Z')::int as seconds
         from call_record where call_sid = $1`,
        [callSid],
      );
      return row?.seconds;
    };
    const canceled = calls[2]!;
    // It is in line no more, for a cancel is on its way.
    await database.query('update call_record set cancel_ordered_at = now() where call_sid = $1', [calls[3]!.callSid]);

    // Not while the call goes on.
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);
    expect(await secondsOf(canceled)).toBe(61);
    await tellOf(database, canceled.callSid, { type: 'canceled', endReason: 'canceled' });
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);

    expect(await Promise.all(calls.map(secondsOf))).toEqual([0, 60, null, 62, 61]);
    const [turn] = await database.query<{ seconds: number }[]>(
      `select extract(epoch from next_at - '2100-01-01T00:00:00Z')::int as seconds from provider_turn
       where provider = 'elsewhere'`,
    );
    expect(turn).toEqual({ seconds: 63 });
  });
});
