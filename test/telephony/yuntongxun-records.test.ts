/** A call's record after its CDR came in over HTTP, as the vendor and integrators document it. */
import { shownCall } from '../asterisk/pbx-service.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { UNREACHED_SETTINGS, WEBHOOK_TARGET } from '../support/yuntongxun-provider.js';
import { asXml, type Fields } from '../support/yuntongxun-webhook.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: UNREACHED_SETTINGS,
  });
});
afterAll(() => service.close());

let nextId = 1;
const newCall = async () => {
  const { callSid } = await storeCall(service.database, { provider: 'yuntongxun' });
  return { callSid, theirs: `160115094848497400010006${String(nextId++).padStart(8, '0')}` };
};
const post = async (body: string): Promise<number> =>
  (await fetch(service.url + WEBHOOK_TARGET, { method: 'POST', body })).status;

const CDR: Fields = {
  ...{ caller: '13900001001', called: '13800002000', starttime: '20261125131510', endtime: '20261125141510' },
  duration: '3600',
};
const recordAfter = async (fields: Fields) => {
  const { callSid, theirs } = await newCall();
  expect(await post(asXml({ ...CDR, callSid: theirs, userData: callSid, ...fields }))).toBe(200);
  return shownCall(service, callSid);
};

it.each([
  ['1', 'an order'],
  ['2', 'its limit or an empty account'],
  ['3', 'the caller'],
  ['4', 'the callee'],
])('a CDR of byetype %s with a duration is a talk that was ended by %s', async (byetype) => {
  expect(await recordAfter({ byetype })).toMatchObject({
    stateType: '4',
    endReason: 'completed',
    answeredAt: '2026-11-25T05:15:10.000Z',
    endedAt: '2026-11-25T06:15:10.000Z',
    talkSeconds: 3600,
  });
});

it.each(['1', '2'])('a CDR of byetype %s with a duration of zero is not a talk', async (byetype) => {
  expect(await recordAfter({ byetype, duration: '0' })).toMatchObject({
    stateType: '4',
    endReason: 'canceled',
    answeredAt: null,
    talkSeconds: null,
  });
});

/** As in the vendor's sample. */
const RINGING = {
  ...{ beginCallTime: '20261125131458', ringingBeginTime: '20261125131500', ringingEndTime: '20261125131506' },
};
/** Times of leg A. They are in the detail only, because the contract's ringing is leg B's. */
const RANG = { beginCallTime: '2026-11-25T05:14:58.000Z', ringingBeginTime: '2026-11-25T05:15:00.000Z' };

describe('a CDR with leg A’s times', () => {
  it('yields, for a talk, when the caller answered and where the recording is', async () => {
    const recordurl = 'http://record.example/a.wav?a=1&b=2';

    const call = await recordAfter({ ...RINGING, byetype: '3', recordurl });

    expect(call).toMatchObject({ stateType: '4', endReason: 'completed', ringingAt: null, recording: recordurl });
    expect(call).toMatchObject({ talkSeconds: 3600 });
    expect(call.events.filter(({ provider }) => provider === 'yuntongxun')).toMatchObject([
      { type: 'caller_answered', occurredAt: '2026-11-25T05:15:06.000Z' },
      { type: 'answered', occurredAt: '2026-11-25T05:15:10.000Z' },
      { type: 'ended', detail: { byetype: '3', leg: 'A', talkDuration: 3600, ...RANG } },
    ]);
  });

  it('yields, for a callee who did not answer, when the caller answered, and no talk', async () => {
    const missed = { byetype: '-9', starttime: '20261125131506', endtime: '20261125131530', duration: '24' };

    const call = await recordAfter({ ...RINGING, ...missed });

    expect(call).toMatchObject({ stateType: '4', endReason: 'no_answer', answeredAt: null, talkSeconds: null });
    const events = call.events.filter(({ provider }) => provider === 'yuntongxun');
    expect(events).toMatchObject([
      { type: 'caller_answered', occurredAt: '2026-11-25T05:15:06.000Z' },
      { type: 'ended', occurredAt: '2026-11-25T05:15:30.000Z' },
    ]);
    expect(events.at(-1)).toHaveProperty('detail', { byetype: '-9', leg: 'B', ...RANG });
  });

  it('yields, for a caller who did not answer, an end at the end of the ringing', async () => {
    const call = await recordAfter({ ...RINGING, byetype: '-10', starttime: '', endtime: '', duration: '0' });

    expect(call).toMatchObject({ endReason: 'no_answer', answeredAt: null, endedAt: '2026-11-25T05:15:06.000Z' });
    expect(call.events.map(({ type }) => type)).not.toContain('caller_answered');
  });

  it('ignores an impossible time: the caller’s answer after the callee’s', async () => {
    const late = { ringingEndTime: '20261125131511', byetype: '3' };

    const call = await recordAfter({ ...RINGING, ...late });

    expect(call.events.map(({ type }) => type)).not.toContain('caller_answered');
    expect(call).toMatchObject({ endReason: 'completed', talkSeconds: 3600 });
  });
});

describe('a CDR of both legs', () => {
  const EMPTY = {
    ...{ starttime: '', endtime: '', duration: '0', byetype: '', userData: '' },
    ...{ beginCallTime: '', ringingBeginTime: '', ringingEndTime: '' },
  };
  const CALLER = { ...EMPTY, ...RINGING };
  const recordAfterBoth = async (callerCdr: object, calledCdr: object, recordurl = '') => {
    const { callSid, theirs } = await newCall();
    const of = { callSid: theirs, userData: callSid };
    // Leg B is first, as in the captured payload.
    const body = { calledCdr: { ...EMPTY, ...of, ...calledCdr }, callerCdr: { ...CALLER, ...of, ...callerCdr } };
    expect(await post(JSON.stringify({ ...body, orderid: 'CM1', recordurl }))).toBe(200);
    return shownCall(service, callSid);
  };

  it('yields the cause of leg A when only leg A has one', async () => {
    const call = await recordAfterBoth({ byetype: '-10' }, {});

    expect(call).toMatchObject({ endReason: 'no_answer', endedAt: '2026-11-25T05:15:06.000Z', ringingAt: null });
    expect(call.events.at(-1)).toMatchObject({ detail: { byetype: '-10', leg: 'A' } });
  });

  it('yields the cause of leg B when leg A has none', async () => {
    const caller = { starttime: '20261125131506', endtime: '20261125131530', duration: '24' };

    const call = await recordAfterBoth(caller, { byetype: '-9', beginCallTime: '20261125131507' });

    expect(call).toMatchObject({ endReason: 'no_answer', answeredAt: null });
  });

  it('yields the times of both legs, and the talk by leg B’s times', async () => {
    const times = { endtime: '20261125131530', byetype: '4' };
    const callee = { starttime: '20261125131510', endtime: '20261125131530', duration: '20' };
    const ringing = { beginCallTime: '20261125131506', ringingBeginTime: '20261125131508' };

    const call = await recordAfterBoth(
      { ...times, starttime: '20261125131506', duration: '24' },
      { ...callee, ...ringing, ringingEndTime: '20261125131510' },
      'http://record.example/a.wav',
    );

    expect(call).toMatchObject({
      endReason: 'completed',
      talkSeconds: 20,
      ringingAt: '2026-11-25T05:15:08.000Z',
      answeredAt: '2026-11-25T05:15:10.000Z',
      recording: 'http://record.example/a.wav',
    });
    const events = call.events.filter(({ provider }) => provider === 'yuntongxun');
    expect(events.map(({ type }) => type)).toEqual(['caller_answered', 'ringing', 'answered', 'ended']);
    expect(events.at(-1)).toHaveProperty('detail', { byetype: '4', leg: 'B', talkDuration: 20, ...RANG });
  });

  it('is not a talk when a hang-up ended it while leg A waited', async () => {
    const caller = { byetype: '1', starttime: '20261125131506', endtime: '20261125131530', duration: '24' };

    expect(await recordAfterBoth(caller, {})).toMatchObject({ endReason: 'canceled', answeredAt: null });
  });
});
