/** A client’s watch stops when it is told to. */
import { answers, isStream, JSON_TYPE, portal, startFront, type Front } from './front.js';
import { CALL_SID, statesOf } from './source-client.js';

let front: Front;

beforeAll(async () => {
  front = await startFront();
});
beforeEach(() => front.answerBy(() => false));
afterAll(() => front.close());

it('stops when its signal aborts, or its loop breaks, and leaves no stream open', async () => {
  let open = 0;
  front.answerBy((incoming, response) => {
    if (isStream(incoming)) {
      open++;
      response.once('close', () => open--);
    }
    return false;
  });
  const client = await front.clientOf('1006');
  const callSid = await client.call('2013');
  const stop = new AbortController();

  for await (const { data } of client.watch(callSid)) if (data.stateType === '3') break;
  const aborted = statesOf(client.watch(callSid, { signal: stop.signal, afterNumber: 3 }));
  while (front.asked.length < 2) await new Promise(setImmediate);
  stop.abort(new Error('enough'));

  await expect(aborted).rejects.toThrow('enough');
  while (open > 0) await new Promise(setImmediate);
  await front.service.admin('POST', `calls/${callSid}/cancel`);
});

it('throws the reason of its signal when that aborts while the token function fails', async () => {
  const stop = new AbortController();
  const token = () => {
    stop.abort(new Error('enough'));
    return Promise.reject(new TypeError('fetch failed'));
  };
  const client = front.clientWith(token);

  await expect(statesOf(client.watch(CALL_SID, { signal: stop.signal }))).rejects.toThrow('enough');
});

it('throws the reason of its signal when that aborts while the token function hangs', async () => {
  const stop = new AbortController();
  const token = () => {
    setImmediate(() => stop.abort(new Error('enough')));
    return new Promise(() => undefined);
  };
  const client = front.clientWith(token);

  await expect(statesOf(client.watch(CALL_SID, { signal: stop.signal }))).rejects.toThrow('enough');
});

it('throws the reason of its signal when that aborts in the body of a long poll', async () => {
  const stop = new AbortController();
  front.answerBy(
    answers(portal, (response) => {
      response.writeHead(200, JSON_TYPE);
      response.write('{"returnCode":200,"da', () => setImmediate(() => stop.abort(new Error('enough'))));
    }),
  );
  const client = front.clientWith('token');

  await expect(statesOf(client.watch(CALL_SID, { signal: stop.signal }))).rejects.toThrow('enough');
  expect(front.asked).toEqual(['stream 0', 'poll 0']);
});
