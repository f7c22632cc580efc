/** A real Asterisk holds the call. These tests stop a process of ours, or Asterisk itself, during the call. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { newPeople, numberOf, reached, shownCall, startPbxService, statesOf } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

type Habits = Parameters<typeof startPhone>[1];

/** The state of Asterisk in readiness. Readiness itself stays 200 while a provider is down. */
const asteriskHealth = async (url: string): Promise<string | undefined> => {
  const response = await fetch(`${url}/health/ready`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { checks: Record<string, string> }).checks.asterisk;
};

describeOnAsterisk(missing, 'with a real Asterisk,', () => {
  let asterisk: Asterisk;
  let shared: TestDatabase;
  let service: TestApp;
  const phones: Phone[] = [];

  beforeEach(async () => {
    asterisk = await startAsterisk();
    shared = await createTestDatabase();
    service = await startPbxService(asterisk, {}, shared.url);
  });
  afterEach(async () => {
    await service.close();
    await Promise.all(phones.splice(0).map((phone) => phone.end()));
    await asterisk.remove();
    await shared.drop();
  });

  const phone = async (habits: Habits = {}): Promise<Phone> => {
    const one = await startPhone(asterisk.folder, habits);
    phones.push(one);
    return one;
  };
  const people = async (a: Habits, b: Habits) => {
    const [legA, legB] = [await phone(a), await phone(b)];
    return { legA, legB, ...(await newPeople(service, numberOf(legA), numberOf(legB))) };
  };
  const place = async (a: Habits = {}, b: Habits = {}) => {
    const parties = await people(a, b);
    const { data } = await service.ask(parties.callerId, `call/${parties.calleeId}`);
    return { ...parties, callSid: data?.callSid ?? '' };
  };
  const noChannels = () => waitFor('no channel', async () => (await asterisk.channels()).length === 0);

  it('a talk goes on while no process of ours runs, and its end is recorded afterwards', async () => {
    const { callSid, legB } = await place({}, { talkMs: 1_500 });
    await reached(service, callSid, '3');

    await service.close();
    expect(await asterisk.channels()).toHaveLength(2);
    await waitFor('B to hang up', async () => (await legB.seen()).includes('sent BYE'));
    await noChannels();
    service = await startPbxService(asterisk, {}, shared.url);

    const call = await reached(service, callSid, '4');
    expect(call).toMatchObject({ endReason: 'completed', talkSeconds: expect.any(Number) });
    expect(call.talkSeconds).toBeGreaterThanOrEqual(1);
  });

  it('events that were missed while no process of ours ran are recorded while the call goes on', async () => {
    const { callSid, callerId } = await place({}, { ringMs: 1_500 });
    await reached(service, callSid, '2');

    await service.close();
    await waitFor('B to answer', async () => (await phones[1]?.seen())?.includes('sent 200'));
    service = await startPbxService(asterisk, {}, shared.url);

    // In any order, because several events are applied at the same time.
    const recorded = statesOf(await reached(service, callSid, '3')).split(' ');
    expect(recorded.sort()).toEqual(['answered', 'caller_answered', 'ringing']);
    expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });
    await noChannels();
  });

  it('calls of a killed Asterisk are closed as lost, and the next call is placed without a restart of the service', async () => {
    const { callSid } = await place();
    await reached(service, callSid, '3');

    await asterisk.kill();
    await waitFor('a degraded Asterisk', async () => (await asteriskHealth(service.url)) === 'degraded', 20_000);
    const waiting = await people({}, {});
    expect(await service.ask(waiting.callerId, `call/${waiting.calleeId}`)).toMatchObject({ returnCode: 500 });
    await asterisk.start();

    // Nothing is left that could report how it ended.
    expect(await reached(service, callSid, '4')).toMatchObject({ endReason: 'lost' });
    await waitFor('an Asterisk that is up', async () => (await asteriskHealth(service.url)) === 'up', 20_000);
    const next = await service.ask(waiting.callerId, `call/${waiting.calleeId}`);
    await reached(service, next.data?.callSid ?? '', '3');
    const refusedCalls = await service.database.query(
      `select end_reason from call_records where caller_id = $1 order by call_sid limit 1`,
      [waiting.callerId],
    );
    expect(refusedCalls).toEqual([{ end_reason: 'failed' }]);
  });

  it('a frozen Asterisk is dialled once, and the call that it places late is recorded', async () => {
    const parties = await people({}, { talkMs: 500 });

    asterisk.signal('SIGSTOP');
    const first = service.ask(parties.callerId, `call/${parties.calleeId}`);
    await waitFor('the record', async () => {
      const [row] = await service.database.query<{ n: number }[]>(
        'select count(*)::int as n from call_records where caller_id = $1',
        [parties.callerId],
      );
      return row?.n === 1;
    });
    const again = service.ask(parties.callerId, `call/${parties.calleeId}`);
    expect((await again).data?.callSid).toBeDefined();
    asterisk.signal('SIGCONT');

    const { callSid = '' } = (await first).data ?? {};
    expect((await again).data?.callSid).toBe(callSid);
    expect(await reached(service, callSid, '4')).toMatchObject({ endReason: 'completed' });
    expect((await parties.legA.seen()).filter((one) => one === 'INVITE')).toHaveLength(1);
  });

  it('every replica receives every event, and can cancel a call that another replica placed', async () => {
    const other = await startPbxService(asterisk, {}, shared.url);
    try {
      const { callSid, callerId } = await place({}, { ringMs: 60_000 });
      await reached(other, callSid, '2');

      expect(await other.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });
      expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnMsg: '取消呼叫失败!' });

      expect(await shownCall(service, callSid)).toMatchObject({ stateType: '4', endReason: 'canceled' });
      await noChannels();
      const numbers = (await shownCall(service, callSid)).events.map(({ type }) => type);
      expect(new Set(numbers).size).toBe(numbers.length);
    } finally {
      await other.close();
    }
  });

  it('a talk is recorded to a file when RECORD_CALLS is set, and the call’s record names the file', async () => {
    await service.close();
    service = await startPbxService(asterisk, { RECORD_CALLS: 'true' }, shared.url);
    const { callSid } = await place({ sounds: true }, { talkMs: 800 });

    expect(await reached(service, callSid, '4')).toMatchObject({ recording: `${callSid}.wav` });
    const { size } = await waitFor('the file', async () => {
      const { stat } = await import('node:fs/promises');
      return stat(`${asterisk.folder}/kept/monitor/${callSid}.wav`).catch(() => undefined);
    });
    // 8,000 samples of two bytes per second, and a header of 44 bytes.
    expect(size).toBeGreaterThan(4_000);
  });
});
