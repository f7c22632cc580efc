/** An administrator hangs up: as the caller would, in every state, and the record says who did. */
import { backend, newPhone, type Backend } from '../support/backend.js';
import { placeCall } from '../support/placed-call.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let calls: Backend;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '20', SWEEP_EVERY: '0.1' } });
  calls = backend(service);
});
afterAll(() => service.close());

interface Shown {
  readonly stateType: string;
  readonly endReason: string | null;
  readonly endedBy: string | null;
  readonly canceledBy: string | null;
  readonly events: readonly { readonly type: string; readonly detail: object | null; readonly change: unknown }[];
}

const shown = async (callSid: string): Promise<Shown> =>
  (await (await service.admin('GET', `calls/${callSid}`)).json()) as Shown;

const reaches = (callSid: string, stateType: string) =>
  waitFor(`state ${stateType}`, async () => {
    const call = await shown(callSid);
    return call.stateType >= stateType && call;
  });

const hangUp = async (callSid: string, body?: object) => {
  const response = await service.admin('POST', `calls/${callSid}/cancel`, body);
  const { outcome, call, code } = (await response.json()) as { outcome?: string; call?: Shown; code?: string };
  return { status: response.status, outcome, call, code };
};

const CANCELED_BY_ADMIN = { stateType: '4', endedBy: 'cancel', canceledBy: 'admin' };

/** The event of the timeline, and the change that clients get. */
const expectOnTimeline = async (callSid: string): Promise<void> => {
  const { events, ...call } = await shown(callSid);
  expect(call).toMatchObject(CANCELED_BY_ADMIN);
  const canceled = events.filter(({ type }) => type === 'canceled');
  expect(canceled).toHaveLength(1);
  expect(canceled[0]).toMatchObject({ provider: 'ringback', detail: { by: 'admin' } });
};

const ofPhones = async (script = '13'): Promise<string> => {
  const { body } = await calls.place({ caller: { phone: newPhone() }, callee: { phone: newPhone(script) } });
  return String(body.callSid);
};

it.each(['1', '2', '3'])('ends a call of two phones in state %s, and again has the same answer', async (state) => {
  const callSid = await ofPhones(state === '1' ? '05' : state === '2' ? '02' : '13');
  await reaches(callSid, state);

  for (let time = 0; time < 2; time++) {
    expect(await hangUp(callSid)).toMatchObject({ status: 200, outcome: 'canceled', call: CANCELED_BY_ADMIN });
  }

  await expectOnTimeline(callSid);
  expect((await calls.ask('GET', `/${callSid}`)).body).toMatchObject(CANCELED_BY_ADMIN);
});

it('ends a call that an app’s user has placed, who gets the contract’s answers', async () => {
  const callSid = await placeCall(service, '1004', '2013');
  await reaches(callSid, '3');

  expect(await hangUp(callSid, {})).toMatchObject({ status: 200, outcome: 'canceled' });

  expect(await service.ask('1004', `callState/${callSid}`)).toEqual({
    data: { stateType: '4' },
    returnCode: 200,
    returnMsg: 'success',
  });
  expect(await service.ask('1004', `callCancel/${callSid}`)).toEqual({ returnCode: 400, returnMsg: '取消呼叫失败!' });
  await expectOnTimeline(callSid);
  expect(await placeCall(service, '1004', '2013')).not.toBe(callSid);
});

it('ends a call that waits for its turn at a provider, which is never asked', async () => {
  const { callSid } = await storeCall(service.database, { waitsForDialSlot: true });

  expect(await hangUp(callSid)).toMatchObject({ status: 200, outcome: 'canceled', call: { endReason: 'canceled' } });

  await expectOnTimeline(callSid);
});

it('is told so when another process carries it out', async () => {
  const callSid = await ofPhones();
  await reaches(callSid, '2');

  await service.database.query(
    `update call_records
     set cancel_ordered_at = now() - interval '1 minute', cancel_ordered_by = 'admin', sweep_at = now() where call_sid = $1`,
    [callSid],
  );
  await reaches(callSid, '4');

  await expectOnTimeline(callSid);
});

it('has outcome `over` for a call that has ended by itself, and leaves its record', async () => {
  const callSid = await ofPhones('01');
  const before = await reaches(callSid, '4');

  expect(await hangUp(callSid)).toMatchObject({ status: 200, outcome: 'over', call: { endReason: 'busy' } });

  expect(await shown(callSid)).toEqual(before);
  expect(before.canceledBy).toBeNull();
});

it('with `before` ends only a call that has not reached that state', async () => {
  const talking = await ofPhones();
  await reaches(talking, '3');
  expect(await hangUp(talking, { before: '3' })).toMatchObject({ status: 200, outcome: 'passed' });

  // Nobody picks up, so the call ends by itself a few seconds later.
  const ringing = await ofPhones('05');
  expect(await hangUp(ringing, { before: '2' })).toMatchObject({ status: 200, outcome: 'canceled' });

  await expectOnTimeline(ringing);
  expect(await hangUp(talking)).toMatchObject({ outcome: 'canceled', call: { endReason: 'completed' } });
});

it('says nothing of an administrator when the caller or the backend hangs up', async () => {
  const own = await placeCall(service, '1005', '2013');
  const placed = await ofPhones();
  await service.ask('1005', `callCancel/${own}`);
  await calls.ask('POST', `/${placed}/cancel`);

  for (const callSid of [own, placed]) {
    const { events, ...call } = await shown(callSid);
    expect(call).toMatchObject({ endedBy: 'cancel', canceledBy: null });
    expect(events.find(({ type }) => type === 'canceled')?.detail).toBeNull();
  }
});

it('is 404 for a call that does not exist, and 400 for another value of `before`', async () => {
  for (const callSid of ['x', '16090510160925480001030600243044']) {
    expect(await hangUp(callSid)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  }
  expect(await hangUp(await ofPhones(), { before: '4' })).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
});
