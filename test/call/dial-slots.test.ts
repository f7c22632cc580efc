/** Calls that wait for a provider with limits are dialed in order, and a canceled call releases its dial slot. */
import type { DataSource } from 'typeorm';
import { releaseDialSlot } from '../../src/call/placement/release-dial-slot.js';
import { acquireDialSlot } from '../../src/call/placement/provider-rate-limit.js';
import { storeCall, applyEvent, type StoredCall } from '../support/stored-call.js';
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

/** The time of Twilio's next free dial slot. @param set moves it there first */
const nextSlot = async (set = 'next_at'): Promise<Date | undefined> => {
  await database.query(`insert into provider_turn (provider, next_at) values ('twilio', now()) on conflict do nothing`);
  const [[slot]] = await database.query<[{ next: Date }[], number]>(
    `update provider_turn set next_at = date_trunc('milliseconds', ${set}) where provider = 'twilio' returning next_at as next`,
  );
  return slot?.next;
};

describe('a slot that becomes free', () => {
  it('goes to the call that has waited longest', async () => {
    const provider = { name: 'crowded', limits: { callsPerSecond: null, callsAtOnce: 1 } };
    const running = await storeCall(database, { provider: 'crowded' });
    const first = await storeCall(database, { provider: 'crowded', waitsForDialSlot: true });
    const second = await storeCall(database, { provider: 'crowded', waitsForDialSlot: true });
    const order: string[] = [];
    const dialAndEnd = async ({ callSid }: StoredCall) => {
      order.push((await acquireDialSlot(database, callSid, provider)) === 'taken' ? callSid : 'not taken');
      await applyEvent(database, callSid, { type: 'ended', endReason: 'busy' });
    };
    const waiting = dialAndEnd(first);
    await waitFor('the first call to have looked for a slot', async () => {
      const looked = await database.query<unknown[]>(`select from provider_turn where provider = 'crowded'`);
      return looked.length > 0;
    });

    await applyEvent(database, running.callSid, { type: 'ended', endReason: 'busy' });
    await Promise.all([dialAndEnd(second), waiting]);

    expect(order).toEqual([first.callSid, second.callSid]);
  });

  it('is still acquired when the clock of the machine is set forward during the wait', async () => {
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
      await applyEvent(database, running.callSid, { type: 'ended', endReason: 'busy' });
      expect(await waiting).toBe('taken');
    } finally {
      clock.mockRestore();
      looks.mockRestore();
    }
  });
});

describe('the dial slot of a canceled call', () => {
  it('is released, so that a caller who places and cancels repeatedly does not block other callers', async () => {
    const { service, twilio } = telephony;
    const [restless, other] = [await telephony.user('twilio'), await telephony.user('twilio')];
    /** Well within the maximum wait, and late enough for a cancel to arrive first. */
    const next = await nextSlot(`now() + interval '2.5 seconds'`);
    const placing = service.ask(restless, 'call/2013');
    const callSid = await waitFor('the call to have its slot', async () => {
      const [call] = await database.query<{ callSid: string }[]>(
        `select call_sid as "callSid" from call_records where caller_id = $1 and turn_at <> 'infinity'`,
        [restless],
      );
      return call?.callSid;
    });

    expect(await service.ask(restless, `callCancel/${callSid}`)).toEqual(CANCELED);

    expect(await nextSlot()).toEqual(next);
    expect(await placing).toEqual({ data: { callSid }, returnCode: 200, returnMsg: 'success' });
    expect(twilio.calls.size).toBe(0);
    await nextSlot('now()');
    expect(await service.ask(other, 'call/2013')).toMatchObject({ returnCode: 200 });
    expect(twilio.calls.size).toBe(1);
  });

  it('moves up the calls that wait behind it, and no other call', async () => {
    const slots = [0, 60, 61, 62, 63];
    const calls = await Promise.all(slots.map(() => storeCall(database, { waitsForDialSlot: true })));
    await database.query(`insert into provider_turn (provider, next_at) values ('elsewhere', '2100-01-01T00:01:04Z')`);
    await Promise.all(
      calls.map(({ callSid }, index) =>
        database.query(
          `update call_records set turn_at = '2100-01-01T00:00:00Z'::timestamptz + $2 * interval '1 second' where call_sid = $1`,
          [callSid, slots[index]],
        ),
      ),
    );
    const secondsOf = async ({ callSid }: StoredCall) => {
      const [row] = await database.query<{ seconds: number }[]>(
        `select extract(epoch from nullif(turn_at, 'infinity') - '2100-01-01T00:00:00Z')::int as seconds
         from call_records where call_sid = $1`,
        [callSid],
      );
      return row?.seconds;
    };
    const canceled = calls[2]!;
    // It does not wait any more: its cancel is in progress.
    await database.query('update call_records set cancel_ordered_at = now() where call_sid = $1', [calls[3]!.callSid]);

    // While the call is open, nothing is released.
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);
    expect(await secondsOf(canceled)).toBe(61);
    await applyEvent(database, canceled.callSid, { type: 'canceled', endReason: 'canceled' });
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);
    await releaseDialSlot(database, 'elsewhere', canceled.callSid);

    expect(await Promise.all(calls.map(secondsOf))).toEqual([0, 60, null, 62, 61]);
    const [slot] = await database.query<{ seconds: number }[]>(
      `select extract(epoch from next_at - '2100-01-01T00:00:00Z')::int as seconds from provider_turn
       where provider = 'elsewhere'`,
    );
    expect(slot).toEqual({ seconds: 63 });
  });
});
