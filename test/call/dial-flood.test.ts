/** One user places and cancels calls while the provider does not reply. The circuit keeps slots for other users' dials. */
import { CallerDials } from '../../src/call/placement/caller-dials.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import type { DialOutcome, DialRequest } from '../../src/telephony/telephony-provider.js';
import { scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { startTestApp, type Envelope, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
const ACCEPTED: DialOutcome = { kind: 'accepted', providerCallId: 'one' };

let service: TestApp;
let scripted: ScriptedProvider;
/** Dials that wait for the provider's reply. */
let hanging: ((outcome: DialOutcome) => void)[];

beforeAll(async () => {
  service = await startTestApp({ environment: { DIAL_TIMEOUT: '30' } });
});
beforeEach(() => {
  scripted = scriptedProvider();
  hanging = [];
  scripted.onDial = () => new Promise((resolve) => hanging.push(resolve));
  const { provider } = service.app.nest.get(ProviderRegistry).all[0]!;
  jest.spyOn(provider, 'dial').mockImplementation((request, signal) => scripted.dial(request, signal));
  jest.spyOn(provider, 'hangUp').mockImplementation((call, before) => scripted.hangUp(call, before));
});
afterEach(() => {
  for (const reply of hanging) reply(ACCEPTED);
  jest.restoreAllMocks();
});
afterAll(() => service.close());

interface Placing {
  readonly callSid: string;
  readonly answer: Promise<Envelope>;
}

/** Resolves once the call is recorded; its answer waits for the dial. */
const place = async (callerId: string): Promise<Placing> => {
  const answer = service.ask(callerId, 'call/2000');
  const callSid = await waitFor('the record', async () => {
    const [call] = await service.database.query<{ callSid: string }[]>(
      'select call_sid as "callSid" from call_records where caller_id = $1 and state < 4',
      [callerId],
    );
    return call?.callSid;
  });
  return { callSid, answer };
};
const cancel = (callerId: string, { callSid }: Placing) => service.ask(callerId, `callCancel/${callSid}`);
const dialsOf = ({ callSid }: Placing): DialRequest[] => scripted.dials.filter((dial) => dial.callSid === callSid);

it('a caller who places and cancels calls has at most one dial in flight, and other callers are dialed', async () => {
  const first = await place('1004');
  await waitFor('the first dial', () => hanging.length === 1);
  expect(await cancel('1004', first)).toEqual(CANCELED);
  const canceled: Placing[] = [];
  for (let round = 0; round < 5; round++) {
    const next = await place('1004');
    expect(await cancel('1004', next)).toEqual(CANCELED);
    canceled.push(next);
  }
  const last = await place('1004');
  const other = await place('1005');
  await waitFor('the other user’s dial', () => dialsOf(other).length === 1);

  expect(scripted.dials.map(({ callSid }) => callSid)).toEqual([first.callSid, other.callSid]);
  for (const { callSid, answer } of canceled) {
    expect(await answer).toEqual({ data: { callSid }, returnCode: 200, returnMsg: 'success' });
  }

  hanging[0]!(ACCEPTED);
  await waitFor('the dial of the last call', () => dialsOf(last).length === 1);
  for (const reply of hanging) reply(ACCEPTED);

  for (const { callSid, answer } of [last, other]) {
    expect(await answer).toEqual({ data: { callSid }, returnCode: 200, returnMsg: 'success' });
  }
  expect(scripted.dials).toHaveLength(3);
});

it('a call fails when the caller’s former dial gets no reply', async () => {
  const first = await place('1007');
  await waitFor('the dial', () => dialsOf(first).length === 1);
  expect(await cancel('1007', first)).toEqual(CANCELED);

  jest.spyOn(CallerDials.prototype, 'waitForFormer').mockResolvedValue(false);
  const answer = await service.ask('1007', 'call/2000');

  expect(answer).toEqual({ returnCode: 500, returnMsg: '系统内部异常!' });
  expect(scripted.dials).toHaveLength(1);
  const calls = await service.database.query<unknown[]>(
    `select state, end_reason from call_records where caller_id = '1007' and call_sid <> $1`,
    [first.callSid],
  );
  expect(calls).toEqual([{ state: 4, end_reason: 'failed' }]);
});

describe('a wait for a former dial', () => {
  it('times out', async () => {
    const dials = new CallerDials(1);
    let reply = (): void => undefined;
    const dial = dials.run('1', () => new Promise<void>((resolve) => (reply = resolve)));

    expect(await dials.waitForFormer('1', async () => true)).toBe(false);
    expect(await dials.waitForFormer('2', async () => true)).toBe(true);
    reply();
    await dial;
    expect(dials.isInFlight('1')).toBe(false);
  });

  it('ends with a dial that fails', async () => {
    const dials = new CallerDials();
    const dial = dials.run('1', () => Promise.reject(new Error('no reply')));

    await expect(dial).rejects.toThrow('no reply');

    expect(dials.isInFlight('1')).toBe(false);
  });
});
