import { CallRecorder } from '../../src/call/call-recorder.js';
import type { CallChange } from '../../src/call/record/call-change.js';
import { callToOpen, storeCall, publishEvent, type StoredCall } from '../support/stored-call.js';
import { watchStatements } from '../support/watched-statements.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface LongPollReply {
  readonly returnCode: number;
  readonly returnMsg: string;
  readonly data?: { readonly stateType: string; readonly changes: readonly CallChange[] };
}

let service: TestApp;

beforeAll(async () => {
  // One database connection: a waiting poll must not hold it.
  service = await startTestApp({ environment: { DATABASE_POOL_SIZE: '1' } });
});
afterAll(() => service.close());

const newCall = () => storeCall(service.database);
const publishedCall = async (): Promise<StoredCall> => {
  const call = callToOpen();
  await service.app.nest.get(CallRecorder).open(call);
  return call;
};
const publish = (call: StoredCall, type: 'ringing' | 'answered' | 'ended') => publishEvent(service, call, type);

const poll = async ({ callSid, callerId }: StoredCall, query: string, init: RequestInit = {}) => {
  const token = await service.token(callerId);
  const response = await fetch(`${service.url}/v1/app/callState/${callSid}?access_token=${token}&${query}`, init);
  return { status: response.status, body: (await response.json()) as LongPollReply };
};

const dataOf = async (call: StoredCall, query: string) => (await poll(call, query)).body.data;
const numbers = (changes: readonly CallChange[] = []) => changes.map(({ data }) => data.number);

describe('a long poll', () => {
  it('answers at once when the state is greater than `after`', async () => {
    const call = await newCall();
    await publish(call, 'ringing');

    const data = await dataOf(call, 'after=1&wait=25');

    expect(data?.stateType).toBe('2');
    expect(numbers(data?.changes)).toEqual([2]);
  });

  it('answers when the state becomes greater than `after`', async () => {
    const call = await newCall();
    let answered = false;
    const reply = dataOf(call, 'after=2&wait=25').finally(() => (answered = true));

    await publish(call, 'ringing');
    expect((await dataOf(call, 'after=1&wait=25'))?.stateType).toBe('2');
    expect(answered).toBe(false);
    await publish(call, 'answered');

    expect((await reply)?.stateType).toBe('3');
  });

  it('answers with the current state when `wait` has passed', async () => {
    const call = await newCall();
    const begin = performance.now();

    const data = await dataOf(call, 'after=1&wait=1');

    expect(data).toEqual({ stateType: '1', changes: [] });
    expect(performance.now() - begin).toBeGreaterThan(990);
  });

  it('does not wait with wait=0', async () => {
    expect(await dataOf(await newCall(), 'after=4&wait=0')).toEqual({ stateType: '1', changes: [] });
  });

  it('returns the changes that are there also with wait=0, and never a state without its changes', async () => {
    const call = await newCall();
    for (const type of ['ringing', 'answered', 'ended'] as const) await publish(call, type);

    const replies = await Promise.all(Array.from({ length: 20 }, () => dataOf(call, 'afterNumber=0&wait=0')));

    for (const data of replies) {
      expect({ state: data?.stateType, numbers: numbers(data?.changes) }).toEqual({
        state: '4',
        numbers: [1, 2, 3, 4],
      });
    }
  });

  it('is 503 when the changes that are there cannot be read, and not an end without a reason', async () => {
    const call = await newCall();
    await publish(call, 'ended');
    const endWatch = watchStatements(service.database, (name) => {
      if (name === 'read-changes') throw new Error('unreadable');
    });

    const { status, body } = await poll(call, 'afterNumber=0&wait=0').finally(endWatch);

    expect({ status, body }).toMatchObject({ status: 503, body: { returnCode: 503 } });
  });

  it('returns every change after `afterNumber`, so that no change is missed between two polls', async () => {
    const call = await newCall();
    await publish(call, 'ringing');
    await publish(call, 'answered');

    expect(numbers((await dataOf(call, 'afterNumber=0'))?.changes)).toEqual([1, 2, 3]);
    expect(numbers((await dataOf(call, 'afterNumber=2'))?.changes)).toEqual([3]);

    const next = dataOf(call, 'afterNumber=3&wait=25');
    await publish(call, 'ended');
    expect(numbers((await next)?.changes)).toEqual([4]);
  });

  it('does not wait for a call that is over when the client has all its changes', async () => {
    const call = await newCall();
    await publish(call, 'ended');

    expect(await dataOf(call, 'after=4&wait=25')).toEqual({ stateType: '4', changes: [] });
    expect(await dataOf(call, 'afterNumber=2&wait=25')).toEqual({ stateType: '4', changes: [] });
  });

  it('is refused at once to another user than the caller', async () => {
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

  it('holds no database connection: two hundred polls wait while the only connection serves other requests', async () => {
    // Cached, so that no request waits for the only connection.
    const calls: StoredCall[] = [];
    while (calls.length < 200) calls.push(await publishedCall());
    const replies = calls.map((call) => dataOf(call, 'after=1&wait=25'));

    const other = await newCall();
    await publish(other, 'ringing');
    expect((await service.ask(other.callerId, `callState/${other.callSid}`)).data).toEqual({ stateType: '2' });
    // One after the other: concurrent ones would wait for the connection longer than the statement time-out.
    for (const call of calls) await publish(call, 'ringing');

    expect((await Promise.all(replies)).map((data) => data?.stateType)).toEqual(calls.map(() => '2'));
  });
});
