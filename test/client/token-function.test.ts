/** A token function that is slow, hangs or fails: a watch outlives it, up to a limit, and says what is wrong. */
import { follow, inQuickTime, streams, streamsEnd } from './scripted-service.js';
import { changeOf, loadClient } from './source-client.js';

const hangs = (): Promise<string> => new Promise(() => undefined);
const mistake = new TypeError("Cannot read properties of undefined (reading 'token')");
const fails = (): string => {
  throw mistake;
};
const succeeds = (): string => 'token';

/** Each of them once, in this order. */
const inOrder = (...functions: (() => string | Promise<string>)[]) => {
  const called = jest.fn(() => functions.shift()!());
  return called;
};

it('is called again by a watch when it does not answer', async () => {
  const token = inOrder(hangs, succeeds);

  expect(await follow([streamsEnd], token)).toMatchObject({ outcome: ['4'], asked: ['stream'] });
  expect(token).toHaveBeenCalledTimes(2);
});

it('is not taken for a proxy that holds the stream back when it is slow', async () => {
  const slow = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('token'), 20_000));

  expect(await follow([streamsEnd], slow)).toMatchObject({ outcome: ['4'], asked: ['stream'] });
});

it('ends a watch when it fails 20 times in a row, with its error as the cause', async () => {
  const token = jest.fn(fails);

  const { outcome, asked } = await follow([], token);

  expect(outcome).toMatchObject({ name: 'RingbackError', code: 'NO_ANSWER', cause: mistake });
  expect(token).toHaveBeenCalledTimes(20);
  expect(asked).toEqual([]);
});

it('does not end a watch when it fails less often in a row', async () => {
  const often = Array.from({ length: 19 }, () => fails);
  const token = inOrder(...often, succeeds, ...often, succeeds);

  const { outcome } = await follow([streams(`data: ${changeOf(1, '1')}`), streams(`data: ${changeOf(2, '4')}`)], token);

  expect(outcome).toEqual(['1', '4']);
});

it('fails a single request when it does not answer', async () => {
  const Ringback = await loadClient();
  const client = new Ringback({
    url: 'http://localhost',
    token: hangs,
    fetch: () => Promise.reject(new Error('sent')),
  });

  const error = await inQuickTime(() => client.call('2000').catch((thrown: unknown) => thrown));

  expect(error).toMatchObject({
    name: 'RingbackError',
    code: 'NO_ANSWER',
    cause: new Error('The token function has not answered within 30 seconds.'),
  });
});
