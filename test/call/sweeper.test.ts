import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { age } from '../support/scripted-replica.js';
import { storeCall, tellOf } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  // Slow enough that the simulator says nothing of itself, and the sweeper looks only when it is told to.
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '0.1', SWEEP_EVERY: '3600', DIAL_TIMEOUT: '0.1' } });
});
afterAll(() => service.close());

let nextCaller = 1004;
const newCall = async (targetId: string): Promise<string> => {
  const userId = String(nextCaller++);
  const { returnMsg } = await service.ask(userId, `call/${targetId}`);
  // Also a dial that fails leaves its record.
  const [call] = await service.database.query<{ call_sid: string }[]>(
    'select call_sid from call_record where caller_id = $1 and state < 4',
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
     from call_record where call_sid = $1`,
    [callSid],
  );
  return call;
};

/** When the sweeper looks next, to tell whether it has looked. */
const nextLook = async (callSid: string): Promise<Date> => {
  const [call] = await service.database.query<[{ sweep_at: Date }]>(
    'select sweep_at from call_record where call_sid = $1',
    [callSid],
  );
  return call.sweep_at;
};

describe('the sweeper', () => {
  it('leaves a call alone that is within its time', async () => {
    const callSid = await newCall('2013');
    const before = await nextLook(callSid);

    await sweep();

    expect(await nextLook(callSid)).toEqual(before);
  });

  it('closes a call that its provider has never heard of: nobody was rung', async () => {
    const callSid = await newCall('2009');
    expect(await record(callSid)).toMatchObject({ state: 1 });
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'failed', endedBy: 'sweeper' });
  });

  it('closes a call whose turn at its provider never came, whether or not that provider can be asked', async () => {
    const { callSid } = await storeCall(service.database, {
      provider: 'gone',
      waitsForDialSlot: true,
      dialTimeoutSeconds: 5,
    });
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'failed', endedBy: 'sweeper' });
  });

  it('finds the call of a dial that was never replied to, and leaves it until its time is up', async () => {
    const callSid = await newCall('2008');
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true, inTime: true });
  });

  it('closes as lost a call that its provider has forgotten', async () => {
    const callSid = await newCall('2009');
    await service.database.query(`update call_record set provider_call_id = 'forgotten' where call_sid = $1`, [
      callSid,
    ]);
    await age(service, callSid, 20);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'lost' });
  });

  it('hangs up a call that has stayed in its state for too long', async () => {
    const callSid = await newCall('2013');
    await age(service, callSid, 91);

    await sweep();

    // On whose word is a race: the provider tells of the hang-up too.
    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('closes a call whose provider is not there any more once it has given up', async () => {
    const callSid = await newCall('2013');
    await service.database.query(`update call_record set provider = 'bankrupt' where call_sid = $1`, [callSid]);
    await age(service, callSid, 91);
    await sweep();
    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true });
    await age(service, callSid, 600);

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'lost' });
  });

  it('hangs up a call whose cancel was promised by somebody who is not heard of any more', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_record
       set cancel_ordered_at = now() - interval '1 minute', sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );

    await sweep();

    // On whose word is a race: the provider tells of the hang-up too.
    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('keeps that promise when the call has moved on since', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_record
       set cancel_ordered_at = now() - interval '1 minute', sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );
    await tellOf(service.database, callSid, { type: 'ringing' });

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 4, endReason: 'canceled' });
  });

  it('leaves a cancel that is being carried out to whoever does it', async () => {
    const callSid = await newCall('2013');
    await service.database.query(
      `update call_record set cancel_ordered_at = now(), sweep_at = now() - interval '1 second' where call_sid = $1`,
      [callSid],
    );

    await sweep();

    expect(await record(callSid)).toMatchObject({ state: 1, putOff: true });
  });
});
