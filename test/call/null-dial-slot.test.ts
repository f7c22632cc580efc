/** Rows of a version without dial slots: null in turn_at means that the call may have been dialed. */
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
const CANCEL_FAILED = { returnCode: 400, returnMsg: '取消呼叫失败!' };

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600' } });
});
afterAll(() => service.close());

/** The simulator does not know this call. */
const callWithSlotAt = async (turnAt: 'infinity' | null) => {
  const call = await storeCall(service.database, { waitsForDialSlot: true, provider: 'simulator' });
  await service.database.query('update call_records set turn_at = $2 where call_sid = $1', [call.callSid, turnAt]);
  return call;
};

const eventsOf = async (callSid: string): Promise<string[]> => {
  const rows = await service.database.query<{ type: string }[]>(
    'select type from call_events where call_sid = $1 order by received_at',
    [callSid],
  );
  return rows.map(({ type }) => type);
};

describe('a cancel', () => {
  it('ends a call that waits for its dial slot, without a request to the provider', async () => {
    const { callSid, callerId } = await callWithSlotAt('infinity');

    expect(await service.ask(callerId, `callCancel/${callSid}`)).toEqual(CANCELED);
  });

  it('of a call with a null turn_at is sent to the provider', async () => {
    const { callSid, callerId } = await callWithSlotAt(null);

    expect(await service.ask(callerId, `callCancel/${callSid}`)).toEqual(CANCEL_FAILED);
    expect(await eventsOf(callSid)).toEqual(['requested']);
  });
});

it('the sweeper does not close a call with a null turn_at as never dialed when its provider is not configured', async () => {
  const { callSid } = await callWithSlotAt(null);
  await service.database.query(
    `update call_records set provider = 'away', sweep_at = now() - interval '1 second' where call_sid = $1`,
    [callSid],
  );

  await service.app.nest.get(Sweeper).sweep();

  expect(await eventsOf(callSid)).toEqual(['requested']);
});
