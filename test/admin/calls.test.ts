import { CallRecorder } from '../../src/call/call-recorder.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const BEGIN = Date.parse('2026-11-24T10:00:00.000Z');
const at = (seconds: number): Date => new Date(BEGIN + seconds * 1000);

const opened = (target: { calleeId: string } | { serviceLineId: string } = { calleeId: '2000' }) =>
  storeCall(service.database, { provider: 'simulator', ...target });

const apply = async (callSid: string, event: Partial<ProviderEvent> & Pick<ProviderEvent, 'type' | 'occurredAt'>) =>
  service.app.nest.get(CallRecorder).apply('simulator', {
    callSid,
    eventId: `${callSid}:${event.type}`,
    providerCallId: 'sim-1',
    ...event,
  });

interface ShownEvent {
  readonly type: string;
  readonly changeNumber: number | null;
  readonly receivedAt: string;
}

interface ShownCall {
  readonly requestedAt: string;
  readonly events: readonly ShownEvent[];
}

const find = async (callSid: string) => {
  const response = await service.admin('GET', `calls/${callSid}`);
  expect(response.status).toBe(200);
  const text = await response.text();
  return { text, call: JSON.parse(text) as ShownCall };
};

it('shows the record of a call from request to end', async () => {
  const { callSid, callerId } = await opened();
  await apply(callSid, { type: 'caller_answered', occurredAt: at(2), detail: { leg: 'A' } });
  await apply(callSid, { type: 'ringing', occurredAt: at(3) });
  await apply(callSid, { type: 'answered', occurredAt: at(7) });
  await apply(callSid, { type: 'ended', occurredAt: at(17.4), endReason: 'completed' });

  const { call } = await find(callSid);

  const { events, requestedAt, ...rest } = call;
  expect(rest).toEqual({
    callSid,
    callerId,
    calleeId: '2000',
    serviceLineId: null,
    callerPhone: '+8613900001001',
    calleePhone: '+8613800002000',
    provider: 'simulator',
    subAccount: 'demo-1001',
    providerCallId: 'sim-1',
    stateType: '4',
    endReason: 'completed',
    endedBy: 'provider',
    canceledBy: null,
    ringingAt: at(3).toISOString(),
    answeredAt: at(7).toISOString(),
    endedAt: at(17.4).toISOString(),
    talkSeconds: 10,
    recording: null,
    metadata: null,
    placedBy: null,
    route: '',
    causes: { A: null, B: null },
    providerCode: null,
    changes: 4,
  });
  expect(new Date(requestedAt).toISOString()).toBe(requestedAt);
  expect(events.map(({ type, changeNumber }) => [type, changeNumber])).toEqual([
    ['requested', 1],
    ['caller_answered', null],
    ['ringing', 2],
    ['answered', 3],
    ['ended', 4],
  ]);
});

it('shows for each event its provider, when it occurred, when it was received and what it changed', async () => {
  const { callSid, callerId } = await opened();
  await apply(callSid, { type: 'ringing', occurredAt: at(3), detail: { leg: 'B' } });

  const { call } = await find(callSid);

  const [requested, ringing] = call.events;
  expect(requested).toMatchObject({ provider: 'ringback', eventId: `${callSid}:requested`, detail: null });
  expect(ringing).toEqual({
    provider: 'simulator',
    eventId: `${callSid}:ringing`,
    type: 'ringing',
    occurredAt: at(3).toISOString(),
    receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    changeNumber: 2,
    change: {
      type: 'call.ringing',
      timestamp: ringing?.receivedAt,
      data: {
        callSid,
        number: 2,
        stateType: '2',
        endReason: null,
        occurredAt: at(3).toISOString(),
        callerId,
        calleeId: '2000',
        serviceLineId: null,
      },
    },
    detail: { leg: 'B' },
  });
});

it('shows events in the order of their receipt, and an event that changed nothing without a change', async () => {
  const { callSid } = await opened();
  await apply(callSid, { type: 'ended', occurredAt: at(17), endReason: 'busy' });
  await apply(callSid, { type: 'caller_answered', occurredAt: at(2) });

  const { call } = await find(callSid);

  expect(call.events.map(({ type }) => type)).toEqual(['requested', 'ended', 'caller_answered']);
  expect(call.events[2]).toMatchObject({ changeNumber: null, change: null });
  expect(call).toMatchObject({ stateType: '4', endReason: 'busy', answeredAt: null, talkSeconds: null, changes: 2 });
});

it('shows every change with its stored bytes', async () => {
  const { callSid } = await opened();
  await apply(callSid, { type: 'ringing', occurredAt: at(3) });
  await apply(callSid, { type: 'ended', occurredAt: at(5), endReason: 'no_answer' });

  const { text } = await find(callSid);

  const changes = await service.database.query<{ change: string }[]>(
    'select change from call_events where call_sid = $1 and change is not null',
    [callSid],
  );
  expect(changes).toHaveLength(3);
  for (const { change } of changes) expect(text).toContain(`"change":${change}`);
});

it('shows a call to a service line that is still open', async () => {
  const { callSid } = await opened({ serviceLineId: '1' });

  const { call } = await find(callSid);

  expect(call).toMatchObject({ calleeId: null, serviceLineId: '1', stateType: '1', endReason: null, endedAt: null });
});

it('does not show internal fields', async () => {
  const { callSid } = await opened();
  await service.app.nest
    .get(CallRecorder)
    .apply(
      'simulator',
      { callSid, eventId: 'with-receipt', providerCallId: null, type: 'ringing', occurredAt: at(3) },
      'a-receipt-of-a-delivery',
    );

  const { text } = await find(callSid);

  expect(text).not.toMatch(/a-receipt-of-a-delivery|sweep|deadline|cancelOrdered/i);
});

it.each([
  ['unknown', '1'.repeat(32)],
  ['thirty-one digits', '1'.repeat(31)],
  ['thirty-three digits', '1'.repeat(33)],
  ['letters', 'a'.repeat(32)],
  ['full-width digits', '１'.repeat(32)],
  ['a NUL', '%00'],
  ['broken percent-encoding', '%zz'],
  ['SQL', "1' or '1'='1"],
  ['ten thousand digits', '9'.repeat(10_000)],
])('answers 404 for a callSid that is %s', async (_, callSid) => {
  const response = await service.admin('GET', `calls/${callSid}`);

  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ status: 404, code: 'NOT_FOUND', detail: expect.any(String) });
});

it('events of one millisecond are shown in the order in which they were stored', async () => {
  const { callSid } = await storeCall(service.database);
  await applyEvent(service.database, callSid, { type: 'caller_answered', eventId: 'z' });
  await applyEvent(service.database, callSid, { type: 'answered', eventId: 'y' });
  await applyEvent(service.database, callSid, { type: 'ended', eventId: 'x', endReason: 'completed' });
  await service.database.query('update call_events set received_at = now() where call_sid = $1', [callSid]);

  const { events } = (await (await service.admin('GET', `calls/${callSid}`)).json()) as { events: { type: string }[] };

  expect(events.map(({ type }) => type)).toEqual(['requested', 'caller_answered', 'answered', 'ended']);
});
