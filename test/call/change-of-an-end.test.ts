/** The change of a call's end has the whole outcome, so that a backend needs no further request. */
import { applyCallEvent, type EventToApply } from '../../src/call/record/apply-call-event.js';
import { readChange } from '../../src/call/record/call-change.js';
import { idOfPhone } from '../../src/call/record/party-id.js';
import type { DataSource } from 'typeorm';
import type { LegCause } from '../../src/telephony/telephony-provider.js';
import { ELSEWHERE, LONGEST_STAYS, storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;
let database: DataSource;

beforeAll(async () => {
  service = await startTestApp();
  ({ database } = service);
});
afterAll(() => service.close());

const START = Date.parse('2026-11-24T08:00:00Z');

/** @returns the data of the change that the event makes; null if it makes none */
const dataAfter = async (
  callSid: string,
  type: EventToApply['type'],
  atSeconds: number,
  more: Partial<EventToApply>,
) => {
  const occurredAt = new Date(START + atSeconds * 1_000);
  const event = { provider: ELSEWHERE, eventId: `${callSid}:${type}:${atSeconds}`, callSid, type, occurredAt, ...more };
  const { change } = await applyCallEvent(database, event, LONGEST_STAYS);
  return change === null ? null : readChange(change).data;
};

const ofEnds = ['provider', 'endedBy', 'talkSeconds', 'hasRecording', 'detail', 'route', 'causes'];

it('the change of an answered call’s end has endedBy, talkSeconds and the provider’s detail', async () => {
  const { callSid } = await storeCall(database);
  const answered = await dataAfter(callSid, 'answered', 3, {});
  const detail = { leg: 'B', sip: 486, note: 'a "quoted" text, 挂断' };

  const over = await dataAfter(callSid, 'ended', 64.6, { endReason: 'completed', detail });

  expect(Object.keys(answered ?? {}).filter((field) => ofEnds.includes(field))).toEqual([]);
  expect(over).toMatchObject({
    stateType: '4',
    endReason: 'completed',
    provider: ELSEWHERE,
    endedBy: 'provider',
    talkSeconds: 62,
    hasRecording: false,
    detail,
  });
  const shown = (await (await service.admin('GET', `calls/${callSid}`)).json()) as { talkSeconds: number };
  expect(shown.talkSeconds).toBe(62);
});

it('a call that was not answered has no talkSeconds', async () => {
  const { callSid } = await storeCall(database);

  const over = await dataAfter(callSid, 'ended', 30, { endReason: 'busy' });

  expect(over).toMatchObject({ talkSeconds: null, detail: null });
});

it('a late answered event amends talkSeconds', async () => {
  const { callSid } = await storeCall(database);
  await dataAfter(callSid, 'ended', 30, { endReason: 'completed' });

  expect(await dataAfter(callSid, 'answered', 10, {})).toMatchObject({ stateType: '4', talkSeconds: 20 });
});

it('a recording that arrives after the end makes a change, and its repeat makes none', async () => {
  const { callSid } = await storeCall(database);
  await dataAfter(callSid, 'answered', 3, { recording: undefined });
  await dataAfter(callSid, 'ended', 10, { endReason: 'completed' });

  const recording = 'https://provider.example/recording';
  expect(await dataAfter(callSid, 'ended', 11, { endReason: 'completed', recording })).toMatchObject({
    number: 4,
    hasRecording: true,
  });
  expect(await dataAfter(callSid, 'ended', 12, { endReason: 'completed', recording })).toBeNull();
});

it('a recording that arrives before the end makes no separate change', async () => {
  const { callSid } = await storeCall(database);
  const recording = 'https://provider.example/recording';

  expect(await dataAfter(callSid, 'accepted', 1, { recording })).toBeNull();
  expect(await dataAfter(callSid, 'ended', 2, { endReason: 'busy' })).toMatchObject({ hasRecording: true });
});

it('the change of an end has the route, and the causes of the legs that have ended', async () => {
  const { callSid } = await storeCall(database, { route: '+86' });

  const over = await dataAfter(callSid, 'ended', 30, {
    endReason: 'busy',
    causes: { B: { status: 'busy', sipCode: 486 } },
  });
  const late = await dataAfter(callSid, 'ended', 31, { endReason: 'canceled', causes: { A: { status: 'completed' } } });

  expect(over).toMatchObject({ route: '+86', causes: { A: null, B: { status: 'busy', sipCode: 486 } } });
  expect(late).toBeNull();
  expect(await (await service.admin('GET', `calls/${callSid}`)).json()).toMatchObject({
    route: '+86',
    causes: { A: { status: 'completed' }, B: { status: 'busy', sipCode: 486 } },
  });
});

it.each<[string, LegCause[]]>([
  ['first', [{ status: 'busy', sipCode: 486 }, { status: 'busy' }]],
  ['last', [{ status: 'busy' }, { status: 'busy', sipCode: 486 }]],
])('of two reports of a leg’s end the one that says more is kept, if it comes %s', async (_, reports) => {
  const { callSid } = await storeCall(database);

  for (const [index, B] of reports.entries()) {
    await dataAfter(callSid, 'ended', 30 + index, { endReason: 'busy', causes: { B } });
  }

  expect(await (await service.admin('GET', `calls/${callSid}`)).json()).toMatchObject({
    causes: { A: null, B: { status: 'busy', sipCode: 486 } },
  });
});

it('a provider that no longer carries the call reports no causes', async () => {
  const { callSid } = await storeCall(database);

  await dataAfter(callSid, 'ended', 1, { provider: 'former', endReason: 'failed', causes: { A: { cause: 1 } } });

  expect(await dataAfter(callSid, 'ended', 2, { endReason: 'busy' })).toMatchObject({ causes: { A: null, B: null } });
});

it('no change of a call has the number of a phone', async () => {
  const phones = { callerPhone: '+8613912345678', calleePhone: '+8613887654321' };
  const { callSid } = await storeCall(database, {
    ...phones,
    callerId: idOfPhone(phones.callerPhone),
    calleeId: idOfPhone(phones.calleePhone),
  });
  for (const [index, type] of (['ringing', 'answered', 'ended'] as const).entries()) {
    await dataAfter(callSid, type, index, type === 'ended' ? { endReason: 'completed' } : {});
  }

  const stored = await database.query<{ change: string }[]>(
    'select change from call_events where call_sid = $1 and change is not null',
    [callSid],
  );

  expect(stored).toHaveLength(4);
  // The callSid is made of digits too.
  const text = JSON.stringify(stored).replaceAll(callSid, '');
  for (const phone of Object.values(phones)) expect(text).not.toContain(phone.slice(-8));
});
