import { CallRecorder } from '../../src/call/call-recorder.js';
import type { CallChange } from '../../src/call/record/call-change.js';
import { callToOpen, storeCall, tellAndLearn, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface LongPollReply {
  readonly returnCode: number;
  readonly returnMsg: string;
  readonly data?: { readonly stateType: string; readonly changes: readonly CallChange[] };
}

let service: TestApp;

beforeAll(async () => {
  // One connection for everything: whoever waits must not hold it.
  service = await startTestApp({ environment: { DATABASE_POOL_SIZE: '1' } });
});
afterAll(() => service.close());

const newCall = () => storeCall(service.database);
const publishedCall = async (): Promise<StoredCall> => {
  const call = callToOpen();
  await service.app.nest.get(CallRecorder).open(call);
  return call;
};
const tell = (call: StoredCall, type: 'ringing' | 'answered' | 'ended') => tellAndLearn(service, call, type);

const poll = async ({ callSid, callerId }: StoredCall, query: string, init: RequestInit = {}) => {
  const token = await service.token(callerId);
  const response = await fetch(`${service.url}/v1/app/callState/${callSid}?access_token=${token}&${query}`, init);
  return { status: response.status, body: (await response.json()) as LongPollReply };
};

const dataOf = async (call: StoredCall, query: string) => (await poll(call, query)).body.data;
const numbers = (changes: readonly CallChange[] = []) => changes.map(({ data }) => data.number);

describe('a long poll', () => {
  it('answers at once when the state is greater than what was seen', async () => {
    const call = await newCall();
    await tell(call, 'ringing');

    const data = await dataOf(call, 'after=1&wait=25');

    expect(data?.stateType).toBe('2');
    expect(numbers(data?.changes)).toEqual([2]);
  });

  it('answers when the state has become greater', async () => {
    const call = await newCall();
    let answered = false;
    const reply = dataOf(call, 'after=2&wait=25').finally(() => (answered = true));

    await tell(call, 'ringing');
    expect((await dataOf(call, 'after=1&wait=25'))?.stateType).toBe('2');
    expect(answered).toBe(false);
    await tell(call, 'answered');

    expect((await reply)?.stateType).toBe('3');
  });

  it('answers with the state as it is when the time is up', async () => {
    const call = await newCall();
    const begin = performance.now();

    const data = await dataOf(call, 'after=1&wait=1');

    expect(data).toEqual({ stateType: '1', changes: [] });
    expect(performance.now() - begin).toBeGreaterThan(990);
  });

  it('does not wait at all with wait=0', async () => {
    expect(await dataOf(await newCall(), 'after=4&wait=0')).toEqual({ stateType: '1', changes: [] });
  });

  it('tells every change after the number that was seen, so that nothing is missed between two polls', async () => {
    const call = await newCall();
    await tell(call, 'ringing');
    await tell(call, 'answered');

    expect(numbers((await dataOf(call, 'afterNumber=0'))?.changes)).toEqual([1, 2, 3]);
    expect(numbers((await dataOf(call, 'afterNumber=2'))?.changes)).toEqual([3]);

    const next = dataOf(call, 'afterNumber=3&wait=25');
    await tell(call, 'ended');
    expect(numbers((await next)?.changes)).toEqual([4]);
  });

  it('does not wait for a call that is over and told completely', async () => {
    const call = await newCall();
    await tell(call, 'ended');

    expect(await dataOf(call, 'after=4&wait=25')).toEqual({ stateType: '4', changes: [] });
    expect(await dataOf(call, 'afterNumber=2&wait=25')).toEqual({ stateType: '4', changes: [] });
  });

  it('belongs to the caller, and does not wait for what it will not tell', async () => {
    const call = await newCall();

    const { body } = await poll({ ...call, callerId: '1001' }, 'after=1&wait=25');

    expect(body).toEqual({ returnCode: 400, returnMsg: '用户信息有误!' });
  });

  it.each([
    'after=x',
    'after=',
    'after=-1',
    'after=5',
    'after=1.5',
    'after=1&after=2',
    'wait=61',
    'wait=x',
    'wait=-1',
    'afterNumber=x',
    'after=1&afterNumber=1',
  ])('refuses %s', async (query) => {
    const { status, body } = await poll(await newCall(), query);

    expect(status).toBe(400);
    expect(body).toEqual({ returnCode: 400, returnMsg: 'The request is malformed.' });
  });

  it('costs no database connection: two hundred wait while the only one serves others', async () => {
    // In memory, so that no request waits for the only connection.
    const calls: StoredCall[] = [];
    while (calls.length < 200) calls.push(await publishedCall());
    const replies = calls.map((call) => dataOf(call, 'after=1&wait=25'));

    const other = await newCall();
    await tell(other, 'ringing');
    expect((await service.ask(other.callerId, `callState/${other.callSid}`)).data).toEqual({ stateType: '2' });
    // One after the other: all at one instant would wait for the connection for longer than any statement may.
    for (const call of calls) await tell(call, 'ringing');

    expect((await Promise.all(replies)).map((data) => data?.stateType)).toEqual(calls.map(() => '2'));
  });
});
