/** A single request of the client fails with a typed error. */
import { answers, cutBody, portal, startFront, type Front } from './front.js';

let front: Front;

beforeAll(async () => {
  front = await startFront();
});
beforeEach(() => front.answerBy(() => false));
afterAll(() => front.close());

it.each([
  ['a page', portal, { code: 'UNKNOWN', httpStatus: 200 }],
  ['a body that is cut off', cutBody, { code: 'NO_ANSWER', httpStatus: undefined }],
])('a single request fails with a RingbackError for %s', async (_, answer, expected) => {
  front.answerBy(answers(answer));
  const client = front.clientWith('token');

  await expect(client.call('2000')).rejects.toMatchObject({ name: 'RingbackError', ...expected });
});

it('a single request fails with a RingbackError when the token function fails', async () => {
  const cause = new TypeError('fetch failed');
  const client = front.clientWith(() => Promise.reject(cause));

  await expect(client.call('2000')).rejects.toMatchObject({ name: 'RingbackError', code: 'NO_ANSWER', cause });
});
