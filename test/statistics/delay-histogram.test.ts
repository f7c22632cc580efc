import fc from 'fast-check';
import {
  addBytes,
  addTo,
  bucketOf,
  bytesOf,
  EXACT_FROM_MS,
  percentile,
  type Histogram,
} from '../../src/call/statistics/delay-histogram.js';

const histogramOf = (delays: readonly number[]): Histogram => {
  const histogram: Histogram = new Map();
  for (const delay of delays) addTo(histogram, bucketOf(delay), 1);
  return histogram;
};

const read = (...bytes: readonly Uint8Array[]): Histogram => {
  const histogram: Histogram = new Map();
  addBytes(histogram, Buffer.concat(bytes));
  return histogram;
};

const sorted = (histogram: Histogram) => [...histogram].sort(([one], [other]) => one - other);

/** Up to a quarter of an hour, most of them seconds. */
const delays = fc.array(fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 900_000 })), {
  minLength: 1,
  maxLength: 300,
});

const counts = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), {
    selector: ([bucket]) => bucket,
  })
  .map((entries) => new Map(entries.filter(([, count]) => count !== 0)));

it('a percentile is within 5 % of that of the delays, or 25 ms of a delay under 50 ms', () => {
  fc.assert(
    fc.property(delays, fc.constantFrom(0.01, 0.5, 0.95, 1), (all, part) => {
      const exact = [...all].sort((one, other) => one - other)[Math.max(1, Math.ceil(part * all.length)) - 1]!;

      const found = percentile(histogramOf(all), part)! * 1_000;

      const allowed = exact < EXACT_FROM_MS ? 25 : 0.05 * exact + 0.5;
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(allowed);
    }),
  );
});

it('there is no percentile of no delays', () => {
  expect(percentile(new Map(), 0.5)).toBeNull();
  expect(percentile(new Map([[3, -1]]), 0.5)).toBeNull();
});

it('bytes are read as they were written, and one after the other as their sum', () => {
  fc.assert(
    fc.property(counts, counts, (one, other) => {
      const sum = new Map(one);
      for (const [bucket, count] of other) addTo(sum, bucket, count);

      expect(sorted(read(bytesOf(one)))).toEqual(sorted(one));
      expect(sorted(read(bytesOf(one), bytesOf(other)))).toEqual(sorted(sum));
    }),
  );
});

it('a call of an hour takes two bytes', () => {
  expect(bytesOf(histogramOf([3_600_000]))).toHaveLength(2);
});
