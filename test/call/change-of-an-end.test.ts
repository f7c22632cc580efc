/** The change of a call's end has the whole outcome, so that a backend needs no further request. */
import { applyCallEvent, type EventToApply } from '../../src/call/record/apply-call-event.js';
import { readChange } from '../../src/call/record/call-change.js';
import type { DataSource } from 'typeorm';
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

const ofEnds = ['provider', 'endedBy', 'talkSeconds', 'hasRecording', 'detail'];

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
