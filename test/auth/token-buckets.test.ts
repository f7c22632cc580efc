/** The arithmetic of rates in memory, against a model that keeps every request. */
import fc from 'fast-check';
import { TokenBuckets } from '../../src/auth/token-buckets.js';

let nowMs = 0;
let now: jest.SpyInstance;

beforeAll(() => {
  now = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterAll(() => now.mockRestore());

const RATE = { requests: 3, seconds: 60 };

const bucketsAt = (startMs: number, rates = [RATE], max = 10): TokenBuckets => {
  nowMs = startMs;
  return new TokenBuckets(rates, max);
};

it('lets a full bucket through at once, then one request for each token that it gets', () => {
  const buckets = bucketsAt(1_000);

  expect([1, 2, 3].map(() => buckets.take('a'))).toEqual([null, null, null]);
  expect(buckets.take('a')).toEqual({ rate: RATE, retryAfterSeconds: 20 });
  nowMs += 19_000;
  expect(buckets.take('a')).toEqual({ rate: RATE, retryAfterSeconds: 1 });
  nowMs += 1_000;
  expect([buckets.take('a'), buckets.take('a')?.retryAfterSeconds]).toEqual([null, 20]);
  expect(buckets.take('b')).toBeNull();
});

it('names the rate that is spent for longest, and takes no token of the others then', () => {
  const perSecond = { requests: 1, seconds: 1 };
  const buckets = bucketsAt(0, [perSecond, RATE]);
  const takeAt = (ms: number) => {
    nowMs = ms;
    return buckets.take('a');
  };

  expect(takeAt(0)).toBeNull();
  for (let turn = 0; turn < 100; turn++) expect(takeAt(500)).toEqual({ rate: perSecond, retryAfterSeconds: 1 });
  expect([takeAt(1_000), takeAt(2_000)]).toEqual([null, null]);
  expect(takeAt(2_500)).toEqual({ rate: RATE, retryAfterSeconds: 18 });
});

it('counts what other processes have answered, down to an empty bucket', () => {
  const buckets = bucketsAt(0);
  buckets.takeFor('a', 2);
  buckets.takeFor('b', 1_000);

  expect([buckets.take('a'), buckets.take('a')?.retryAfterSeconds]).toEqual([null, 20]);
  expect(buckets.take('b')).toEqual({ rate: RATE, retryAfterSeconds: 20 });
});

it('keeps no more keys than it may, the last ones', () => {
  const buckets = bucketsAt(0, [{ requests: 1, seconds: 60 }], 2);
  for (const key of ['a', 'b', 'c']) buckets.take(key);

  expect(['b', 'c'].map((key) => buckets.take(key)?.retryAfterSeconds)).toEqual([60, 60]);
  expect(buckets.take('a')).toBeNull();
});

it('never allows more than a full bucket and what flows in, and refuses nobody without a reason', () => {
  const rates = fc.array(
    fc.record({ requests: fc.integer({ min: 1, max: 20 }), seconds: fc.integer({ min: 1, max: 90 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(rates, fc.array(fc.nat(20_000), { maxLength: 80 }), (given, pauses) => {
      const buckets = bucketsAt(5_000, given);
      const tokens = given.map(({ requests }) => requests);
      for (const pause of pauses) {
        nowMs += pause;
        given.forEach(({ requests, seconds }, index) => {
          tokens[index] = Math.min(requests, tokens[index]! + (pause * requests) / (seconds * 1_000));
        });
        const isAllowed = buckets.take('a') === null;
        // At the edge, either is right.
        const least = Math.min(...tokens);
        if (Math.abs(least - 1) > 0.001) expect(isAllowed).toBe(least > 1);
        if (isAllowed) tokens.forEach((left, index) => (tokens[index] = left - 1));
      }
    }),
  );
});
