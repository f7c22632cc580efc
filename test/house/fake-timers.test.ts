/** Test files of one worker share its globals, so a fake clock must not stop the sockets of others. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';

afterEach(() => {
  jest.useRealTimers();
});

it('leaves the turns of Node’s streams alone, and counts none of them as a timer', async () => {
  jest.useFakeTimers();
  const stream = new PassThrough();

  const finished = once(stream, 'finish');
  stream.end('x');
  const counted = jest.getTimerCount();
  await finished;

  expect(counted).toBe(0);
});

it('stops timers until it is advanced', async () => {
  jest.useFakeTimers();
  const ring = jest.fn();
  setTimeout(ring, 1);

  expect([jest.getTimerCount(), ring.mock.calls.length]).toEqual([1, 0]);
  await jest.advanceTimersByTimeAsync(1);
  expect([jest.getTimerCount(), ring.mock.calls.length]).toEqual([0, 1]);
});
