/** A client’s watch goes on over everything that stands between it and the service, and ends where it cannot. */
import { answers, cutBody, isStream, lastPoll, portal, startFront, stream, type Fault, type Front } from './front.js';
import { CALL_SID, changeOf, statesOf } from './source-client.js';

let front: Front;

beforeAll(async () => {
  front = await startFront();
});
beforeEach(() => front.answerBy(() => false));
afterAll(() => front.close());

const once429 = (): Fault => {
  let isFirst = true;
  return (incoming, response) => {
    if (!isStream(incoming) || !isFirst) return false;
    isFirst = false;
    response.writeHead(429, { 'retry-after': '1', 'x-ringback-error': 'TOO_FREQUENT' }).end('{"returnCode":429}');
    return true;
  };
};

it('yields each change once over one stream', async () => {
  const client = await front.clientOf('1001');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(front.asked).toEqual(['stream 0']);
});

it('resumes a stream that breaks, after its last change', async () => {
  front.answerBy((incoming, response) => {
    if (!isStream(incoming)) return false;
    // The front lets one event through, and cuts the connection.
    const write = response.write.bind(response) as (chunk: Buffer) => boolean;
    response.write = ((chunk: Buffer) => {
      write(chunk);
      if (chunk.includes('data:')) setImmediate(() => response.destroy());
      return true;
    }) as typeof response.write;
    return false;
  });
  const client = await front.clientOf('1004');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(front.asked.length).toBeGreaterThan(1);
  expect(front.asked[0]).toBe('stream 0');
  expect(new Set(front.asked).size).toBe(front.asked.length);
});

it('asks by long polls where a proxy holds the events back', async () => {
  front.answerBy((incoming) => isStream(incoming));
  const client = await front.clientOf('1005');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(front.asked.slice(0, 2)).toEqual(['stream 0', 'poll 0']);
});

it('asks by long polls where fetch has no streams', async () => {
  const withoutStreams = async (...options: Parameters<typeof fetch>) => {
    const response = await fetch(...options);
    const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream');
    return isEvents ? { ok: true, status: 200, headers: response.headers, body: null } : response;
  };
  const client = await front.clientOf('1006', { fetch: withoutStreams });

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(front.asked.slice(0, 2)).toEqual(['stream 0', 'poll 0']);
});

it('asks again after Retry-After', async () => {
  front.answerBy(once429());
  const client = await front.clientOf('1007');
  const callSid = await client.call('2000');
  const begin = performance.now();

  expect(await statesOf(client.watch(callSid))).toEqual(['1', '2', '3', '4']);
  expect(front.asked).toEqual(['stream 0', 'stream 0']);
  expect(performance.now() - begin).toBeGreaterThan(990);
});

it.each([
  ['a captive portal answers', portal],
  ['the body of a long poll is cut off', cutBody],
])('asks again when %s', async (_, answer) => {
  front.answerBy(answers(portal, answer, lastPoll));
  const client = front.clientWith('token');

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['4']);
  expect(front.asked).toEqual(['stream 0', 'poll 0', 'poll 0']);
});

it('resumes a stream with an event that is no JSON', async () => {
  front.answerBy(answers(stream(changeOf(1, '1'), '<html>'), stream(changeOf(2, '4'))));
  const client = front.clientWith('token');

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '4']);
  expect(front.asked).toEqual(['stream 0', 'stream 1']);
});

it('begins after a number, and ends at once for a call that has no more', async () => {
  const client = await front.clientOf('1001');
  const callSid = await client.call('2001');
  await statesOf(client.watch(callSid));

  expect(await statesOf(client.watch(callSid, { afterNumber: 1 }))).toEqual(['4']);
  expect(await statesOf(client.watch(callSid, { afterNumber: 2 }))).toEqual([]);
});

it.each([
  ['of another user', async () => (await front.clientOf('1004')).call('2001')],
  ['that does not exist', () => Promise.resolve('1'.repeat(32))],
  ['whose callSid is malformed', () => Promise.resolve('../call/2000')],
])('fails for a call %s', async (_, place) => {
  const client = await front.clientOf('1005');

  await expect(statesOf(client.watch(await place()))).rejects.toMatchObject({
    name: 'RingbackError',
    code: 'NOT_YOUR_CALL',
    returnCode: 400,
    message: '用户信息有误!',
  });
});
