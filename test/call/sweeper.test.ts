import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { age } from '../support/scripted-replica.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  // The simulator is so slow that it sends no event, and the sweeper runs only when the test calls it.
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '0.1', SWEEP_EVERY: '3600', DIAL_TIMEOUT: '0.1' } });
});
afterAll(() => service.close());

let nextCaller = 1004;
const newCall = async (targetId: string): Promise<string> => {
  const userId = String(nextCaller++);
  const { returnMsg } = await service.ask(userId, `call/${targetId}`);
  // A failed dial leaves a record too.
  const [call] = await service.database.query<{ call_sid: string }[]>(
    'select call_sid from call_records where caller_id = $1 and state < 4',
    [userId],
  );
  if (!call) throw new Error(`no call was opened: ${returnMsg}`);
  return call.call_sid;
};

const sweep = () => service.app.nest.get(Sweeper, { strict: false }).sweep();

const record = async (callSid: string) => {
  const [call] = await service.database.query<Record<string, unknown>[]>(
    `select state, end_reason as "endReason", ended_by as "endedBy", deadline_at > now() as "inTime",
       sweep_at > now() as "putOff"
     from call_records where call_sid = $1`,
    [callSid],
  );
  return call;
};

/** The time of the next check, which shows whether the sweeper has checked the call. */
const nextCheck = async (callSid: string): Promise<Date> => {
  const [call] = await service.database.query<[{ sweep_at: Date }]>(
    'select sweep_at from call_records where call_sid = $1',
    [callSid],
  );
  return call.sweep_at;
};

describe('the sweeper', () => {
  it('does not check a call that is not due', async () => {
    const callSid = await newCall('2013');
    const before = await nextCheck(callSid);

    await sweep();

    expect(await nextCheck(callSid)).toEqual(before);
  });

  it('closes a call as failed when its provider does not know it and no dial was accepted', async () => {
    const callSid = await newCall('2009');
    expect(await record(callSid)).toMatchObject({ state: 1 });
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'failed', endedBy: 'sweeper' });
  });

  it('closes a call that never got its dial slot, also when its provider is not configured', async () => {
    const { callSid } = await storeCall(service.database, {
      provider: 'gone',
      waitsForDialSlot: true,
      dialTimeoutSeconds: 5,
    });
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'failed', endedBy: 'sweeper' });
  });

  it('keeps a call open whose dial got no reply when the provider knows it', async () => {
    const callSid = await newCall('2008');
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true, inTime: true });
  });

  it('closes an accepted call as lost when its provider does not know it any more', async () => {
    const callSid = await newCall('2009');
    await service.database.query(`update call_records set provider_call_id = 'forgotten' where call_sid = $1`, [
      callSid,
    ]);
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'lost' });
  });

  it('hangs up a call that has stayed in its state too long', async () => {
    const callSid = await newCall('2013');
    await age(service, callSid, 91);

    await sweep();

    // The provider reports the hang-up too, so either may set endedBy.
    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('closes a call as lost after the grace time when its provider is not configured any more', async () => {
    const callSid = await newCall('2013');
    await service.database.query(`update call_records set provider = 'bankrupt' where call_sid = $1`, [callSid]);
    await age(service, callSid, 91);
    await sweep();
    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true });
    await age(service, callSid, 600);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'lost' });
  });

  it('hangs up a call whose cancel was claimed by a replica that has crashed', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_records
       set cancel_ordered_at = now() - interval '1 minute', sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );

    await sweep();

    // The provider reports the hang-up too, so either may set endedBy.
    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('hangs up a call with a claimed cancel also when its state has changed since', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_records
       set cancel_ordered_at = now() - interval '1 minute', sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );
    await applyEvent(service.database, callSid, { type: 'ringing' });

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('does not hang up a call whose cancel another replica is carrying out', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_records set cancel_ordered_at = now(), sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true });
  });
});
