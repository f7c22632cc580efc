/** A provider's events that carry its own id of a call, and a recording. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;
let calls: CallRecorder;

beforeAll(async () => {
  service = await startTestApp();
  calls = service.app.nest.get(CallRecorder);
});
afterAll(() => service.close());

const accepted = async (providerCallId: string): Promise<string> => {
  const { callSid } = await storeCall(service.database, { provider: 'simulator' });
  await calls.applyOwn(callSid, 'accepted', { providerCallId });
  return callSid;
};
const event = (some: Partial<ProviderEvent> & Pick<ProviderEvent, 'type' | 'providerCallId'>): ProviderEvent => ({
  eventId: `${some.providerCallId ?? ''}:${some.type}`,
  callSid: null,
  occurredAt: new Date(),
  ...some,
});
const shown = async (callSid: string) => (await (await service.admin('GET', `calls/${callSid}`)).json()) as object;

it('finds an open call by its providerCallId', async () => {
  const callSid = await accepted('theirs-1');

  expect(await calls.apply('simulator', event({ type: 'answered', providerCallId: 'theirs-1' }))).toBe('applied');

  expect(await shown(callSid)).toMatchObject({ stateType: '3' });
});

it('does not find a call by another provider’s id, by an unknown id or by null', async () => {
  await accepted('theirs-2');

  const other = event({ type: 'answered', providerCallId: 'theirs-2' });
  expect(await calls.apply('somebody-else', other)).toBe('unknown_call');
  expect(await calls.apply('simulator', event({ type: 'answered', providerCallId: 'nobody’s' }))).toBe('unknown_call');
  expect(await calls.apply('simulator', event({ type: 'answered', providerCallId: null }))).toBe('unknown_call');
});

it('stores the recording from any event, and keeps the first one', async () => {
  const callSid = await accepted('theirs-3');

  await calls.apply(
    'simulator',
    event({ type: 'answered', providerCallId: 'theirs-3', callSid, recording: 'one.wav' }),
  );
  await calls.apply(
    'simulator',
    event({ type: 'ended', providerCallId: 'theirs-3', callSid, endReason: 'completed', recording: 'two.wav' }),
  );

  expect(await shown(callSid)).toMatchObject({ stateType: '4', recording: 'one.wav' });
});
