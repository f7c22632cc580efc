import { openStream, type OpenStream } from '../support/event-stream.js';
import { storeCall, publishEvent, applyEvent, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
const opened: OpenStream[] = [];

beforeAll(async () => {
  service = await startTestApp();
});
afterEach(() => {
  for (const stream of opened.splice(0)) stream.close();
});
afterAll(() => service.close());

const follow = async ({ callSid, callerId }: StoredCall, headers: Record<string, string> = {}) => {
  const url = `${service.url}/v1/app/callState/${callSid}/stream?access_token=${await service.token(callerId)}`;
  const stream = await openStream(url, headers);
  opened.push(stream);
  return stream;
};

const newCall = () => storeCall(service.database);
const publish = (call: StoredCall, type: 'ringing' | 'answered' | 'ended') => publishEvent(service, call, type);

const statesOf = ({ events }: OpenStream): string[] => events.map(({ change }) => change.data.stateType);
const numbersOf = ({ events }: OpenStream): number[] => events.map(({ change }) => change.data.number);

describe('the stream of a call', () => {
  it('sends the current state at once and every change after it, and ends with the call', async () => {
    const call = await newCall();
    await publish(call, 'ringing');

    const stream = await follow(call);
    await waitFor('the current state', () => stream.events.length > 0);
    await publish(call, 'answered');
    await publish(call, 'ended');
    await stream.ended;

    expect(statesOf(stream)).toEqual(['2', '3', '4']);
    expect(stream.events.map(({ id }) => id)).toEqual(['2', '3', '4']);
    expect(stream.events.at(-1)?.change).toMatchObject({
      type: 'call.over',
      data: { callSid: call.callSid, callerId: call.callerId, calleeId: '2000', endReason: 'completed' },
    });
  });

  it('is an event stream that no proxy buffers or stores', async () => {
    const { response } = await follow(await newCall());

    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'referrer-policy': 'no-referrer',
      'x-accel-buffering': 'no',
    });
    expect(response.headers['x-request-id']).toMatch(/^[\da-f]{12}-[\da-z]+$/);
  });

  it('resumes after the change that Last-Event-ID names, without a gap', async () => {
    const call = await newCall();
    await publish(call, 'ringing');
    await publish(call, 'answered');

    const stream = await follow(call, { 'last-event-id': '1' });
    await waitFor('what was missed', () => stream.events.length === 2);
    await publish(call, 'ended');
    await stream.ended;

    expect(numbersOf(stream)).toEqual([2, 3, 4]);
  });

  it('begins with the first change for Last-Event-ID 0', async () => {
    const call = await newCall();
    await publish(call, 'ringing');

    const stream = await follow(call, { 'last-event-id': '0' });
    await waitFor('both', () => stream.events.length === 2);

    expect(numbersOf(stream)).toEqual([1, 2]);
  });

  it.each(['99', '-1', 'abc', '1.5', '99999999999'])(
    'begins with the current state when Last-Event-ID is %s, which is not a change number',
    async (id) => {
      const call = await newCall();
      await publish(call, 'ringing');

      const stream = await follow(call, { 'last-event-id': id });
      await waitFor('the current state', () => stream.events.length > 0);
      await publish(call, 'ended');
      await stream.ended;

      expect(numbersOf(stream)).toEqual([2, 3]);
    },
  );

  it('of a call that is over sends its end, and ends', async () => {
    const call = await newCall();
    await publish(call, 'ended');

    const stream = await follow(call);
    await stream.ended;

    expect(statesOf(stream)).toEqual(['4']);
  });

  it('answers 204 to a client that has received the end, so that a browser does not reconnect', async () => {
    const call = await newCall();
    await publish(call, 'ended');

    const { response } = await follow(call, { 'last-event-id': '2' });

    expect(response.statusCode).toBe(204);
  });

  it('is refused to another user than the caller', async () => {
    const call = await newCall();

    const stream = await follow({ ...call, callerId: '1001' });
    await stream.ended;

    expect(stream.response.statusCode).toBe(200);
    expect(JSON.parse(stream.text())).toEqual({ returnCode: 400, returnMsg: '用户信息有误!' });
  });

  it.each(['1'.repeat(31), '1'.repeat(32), 'x', '%zz', ''])(
    'is refused for the unknown callSid "%s"',
    async (callSid) => {
      const stream = await follow({ callSid, callerId: '1001' });
      await stream.ended;

      expect(JSON.parse(stream.text())).toEqual({ returnCode: 400, returnMsg: '用户信息有误!' });
    },
  );

  it('sends changes that another replica has stored', async () => {
    const other = await startTestApp({ databaseUrl: service.config.databaseUrl! });
    try {
      const call = await newCall();
      const stream = await follow(call);

      await applyEvent(other.database, call.callSid, { type: 'ringing' });
      await applyEvent(other.database, call.callSid, { type: 'ended', endReason: 'busy' });
      await stream.ended;

      expect(statesOf(stream)).toEqual(['1', '2', '4']);
    } finally {
      await other.close();
    }
  });

  it('goes to many clients at once, also when some have disconnected', async () => {
    const call = await newCall();
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(call)));
    await waitFor('all to begin', () => streams.every(({ events }) => events.length > 0));

    for (const stream of streams.slice(10)) stream.close();
    await publish(call, 'ended');
    await Promise.all(streams.slice(0, 10).map(({ ended }) => ended));

    for (const stream of streams.slice(0, 10)) expect(statesOf(stream)).toEqual(['1', '4']);
  });
});
