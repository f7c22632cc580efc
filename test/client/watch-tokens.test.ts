/** A client’s watch outlives its tokens, and ends when they are refused. */
import { answers, brokenStream, refusedToken, startFront, stream, type Front } from './front.js';
import { CALL_SID, changeOf, statesOf } from './source-client.js';

let front: Front;

beforeAll(async () => {
  front = await startFront();
});
beforeEach(() => front.answerBy(() => false));
afterAll(() => front.close());

it('asks for a new token when one has expired, and only once for one that is refused', async () => {
  const good = await front.service.token('1008');
  const tokens = [good, 'expired', good];
  const client = await front.clientOf('1008', { token: () => tokens.shift() ?? 'expired' });
  const callSid = await client.call('2000');

  expect(await statesOf(client.watch(callSid))).toEqual(['1', '2', '3', '4']);
  await expect(statesOf(client.watch(callSid))).rejects.toMatchObject({ code: 'UNAUTHENTICATED', httpStatus: 401 });
});

it('asks for a new token each time one has expired, not only at its first request', async () => {
  front.answerBy(
    answers(stream(changeOf(1, '1')), refusedToken, stream(changeOf(2, '2')), refusedToken, stream(changeOf(3, '4'))),
  );
  let tokens = 0;
  const client = front.clientWith(() => `token ${++tokens}`);

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '2', '4']);
  expect(front.asked).toEqual(['stream 0', 'stream 1', 'stream 1', 'stream 2', 'stream 2']);
  expect(tokens).toBe(5);
});

it('counts a token as accepted when its stream breaks before a change', async () => {
  front.answerBy(answers(refusedToken, brokenStream, refusedToken, stream(changeOf(1, '4'))));
  const client = front.clientWith(() => 'token');

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['4']);
});

it.each([
  ['two tokens in a row are refused', () => 'token', 2],
  ['a token that cannot be renewed is refused', 'token', 1],
])('ends when it resumes and %s', async (_, token, refusals) => {
  const refused = Array.from({ length: refusals }, () => refusedToken);
  front.answerBy(answers(stream(changeOf(1, '1')), ...refused, stream(changeOf(2, '4'))));
  const client = front.clientWith(token);

  await expect(statesOf(client.watch(CALL_SID))).rejects.toMatchObject({ code: 'UNAUTHENTICATED', httpStatus: 401 });
  expect(front.asked).toEqual(['stream 0', ...refused.map(() => 'stream 1')]);
});

it('asks again when its token function fails', async () => {
  front.answerBy(answers(stream(changeOf(1, '1')), stream(changeOf(2, '4'))));
  const tokens = [() => 'first', () => Promise.reject(new TypeError('fetch failed')), () => 'second'];
  const client = front.clientWith(() => tokens.shift()!());

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '4']);
  expect(front.asked).toEqual(['stream 0', 'stream 1']);
  expect(tokens).toEqual([]);
});
