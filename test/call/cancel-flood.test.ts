/** One user sends cancels faster than the provider accepts hang-ups. Hang-ups of other users do not wait for them. */
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { AT_ONCE, MAX_QUEUED } from '../../src/telephony/provider-circuit.js';
import type { CallMilestone, HangUpOutcome, ProviderCall } from '../../src/telephony/telephony-provider.js';
import { placeCall } from '../support/placed-call.js';
import { startTestApp, type Envelope, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
const NOT_CANCELED = { returnCode: 400, returnMsg: '取消呼叫失败!' };
const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };

/** More than the provider's circuit accepts concurrently. */
const FLOOD = AT_ONCE + MAX_QUEUED + 80;

let service: TestApp;

beforeAll(async () => {
  // Slow enough for a call to 2005 to ring its caller throughout the test.
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '1' } });
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => service.close());

interface Order {
  readonly callSid: string;
  readonly before: CallMilestone | undefined;
  /** Passes the hang-up to the simulator, or resolves it with another outcome. */
  carryOut(outcome?: Promise<HangUpOutcome>): void;
}

/** Holds hang-ups at the provider until the test carries them out. @param held which calls */
const holdOrders = (held: (callSid: string) => boolean): Order[] => {
  const orders: Order[] = [];
  const { provider } = service.app.nest.get(ProviderRegistry).all[0]!;
  const hangUp = provider.hangUp.bind(provider);
  jest.spyOn(provider, 'hangUp').mockImplementation((call: ProviderCall, before?: CallMilestone) =>
    held(call.callSid)
      ? new Promise((resolve) => {
          orders.push({
            callSid: call.callSid,
            before,
            carryOut: (outcome) => resolve(outcome ?? hangUp(call, before)),
          });
        })
      : hangUp(call, before),
  );
  return orders;
};

const cancel = (userId: string, callSid: string, before?: string): Promise<Envelope> =>
  service.ask(userId, `callCancel/${callSid}${before ? `?before=${before}` : ''}`);

const isOver = async (callSid: string): Promise<boolean> =>
  (await service.ask('1007', `callState/${callSid}`)).data?.stateType === '4';

/** Resolves when `count` more requests have arrived. */
const received = async (count: number): Promise<void> => {
  const server = service.app.nest.getHttpServer();
  let requests = 0;
  const counted = () => (requests += 1);
  server.on('request', counted);
  await waitFor('all requests', () => requests >= count);
  server.off('request', counted);
};

it('sends one hang-up for hundreds of conditional cancels of one call, and another user’s cancel succeeds', async () => {
  const [flooded, other] = await Promise.all([placeCall(service, '1004', '2005'), placeCall(service, '1005', '2005')]);
  const orders = holdOrders((callSid) => callSid === flooded);
  const allIn = received(FLOOD);

  const flood = Promise.all(Array.from({ length: FLOOD }, () => cancel('1004', flooded, '3')));
  await allIn;
  const answer = await cancel('1005', other);
  const ordered = orders.length;
  for (const order of orders) order.carryOut();

  expect(answer).toEqual(CANCELED);
  expect(ordered).toBe(1);
  // A cancel that arrives after the call's end fails.
  for (const one of await flood) expect([CANCELED, NOT_CANCELED]).toContainEqual(one);
  expect((await flood)[0]).toEqual(CANCELED);
  expect(orders).toHaveLength(1);
  expect(await service.ask('1004', `callState/${flooded}`)).toMatchObject({ data: { stateType: '4' } });
});

it('sends conditional and unconditional hang-ups of one call one after the other', async () => {
  const callSid = await placeCall(service, '1007', '2005');
  const orders = holdOrders(() => true);
  const conditional = cancel('1007', callSid, '2');
  await waitFor('the first order', () => orders.length === 1);
  const allIn = received(4);
  const answers = Promise.all([
    cancel('1007', callSid),
    cancel('1007', callSid, '3'),
    cancel('1007', callSid),
    cancel('1007', callSid, '2'),
  ]);
  await allIn;

  let orderedMeanwhile = 0;
  for (let next = 0; next < orders.length; next++) {
    // Gives a second hang-up, if the service sent one, time to arrive.
    await service.database.query('select 1');
    orderedMeanwhile += orders.length - next - 1;
    orders[next]!.carryOut(next === 0 ? Promise.resolve({ kind: 'passed' }) : undefined);
    await waitFor('the next order, or the end', async () => orders.length > next + 1 || (await isOver(callSid)));
  }

  expect(orderedMeanwhile).toBe(0);
  expect(await conditional).toEqual(NOT_CANCELED);
  expect(await isOver(callSid)).toBe(true);
  // Any of them may end the call; those after it fail because the call is over.
  for (const answer of await answers) expect([CANCELED, NOT_CANCELED]).toContainEqual(answer);
  expect(await answers).toContainEqual(CANCELED);
});

it('fails all cancels that share a failed hang-up, and sends a new hang-up for the next cancel', async () => {
  const callSid = await placeCall(service, '1008', '2005');
  const orders = holdOrders(() => true);
  const first = cancel('1008', callSid, '3');
  await waitFor('the order', () => orders.length === 1);
  const allIn = received(2);
  const joined = Promise.all([cancel('1008', callSid, '3'), cancel('1008', callSid, '3')]);
  await allIn;
  orders[0]!.carryOut(Promise.reject(new Error('no reply')));

  expect(await first).toEqual(SYSTEM);
  for (const answer of await joined) expect(answer.returnCode).not.toBe(200);
  jest.restoreAllMocks();

  expect(await cancel('1008', callSid, '3')).toEqual(CANCELED);
});
