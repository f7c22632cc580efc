/**
 * How often each delay occurred. A bucket is 10 % wider than the one before, so its geometric middle is within 5 % of every
 * delay in it. Pure.
 *
 * Bytes: for each bucket that is not empty its number, then its count as a variable-length integer. So two histograms, one after the
 * other, are their sum, and PostgreSQL can add them up.
 */

/** Below it, delays are one bucket. */
export const EXACT_FROM_MS = 50;
const GROWTH = 1.1;
const LAST_BUCKET = 255;

/** By bucket. A count is negative while the end of a call is amended that itself is not counted yet. */
export type Histogram = Map<number, number>;

export const bucketOf = (ms: number): number =>
  ms < EXACT_FROM_MS ? 0 : Math.min(LAST_BUCKET, Math.floor(Math.log(ms / EXACT_FROM_MS) / Math.log(GROWTH)) + 1);

/** In milliseconds. */
const middleOf = (bucket: number): number =>
  bucket === 0 ? EXACT_FROM_MS / 2 : EXACT_FROM_MS * GROWTH ** (bucket - 0.5);

export const addTo = (histogram: Histogram, bucket: number, count: number): void => {
  const sum = (histogram.get(bucket) ?? 0) + count;
  if (sum === 0) histogram.delete(bucket);
  else histogram.set(bucket, sum);
};

/** Negative numbers are the odd ones. */
export const bytesOf = (histogram: Histogram): Buffer => {
  const bytes: number[] = [];
  for (const [bucket, count] of [...histogram].sort(([one], [other]) => one - other)) {
    bytes.push(bucket);
    let rest = count < 0 ? -2 * count - 1 : 2 * count;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return Buffer.from(bytes);
};

export const addBytes = (histogram: Histogram, bytes: Uint8Array): void => {
  for (let place = 0; place < bytes.length;) {
    const bucket = bytes[place++] ?? 0;
    let rest = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place++] ?? 0;
      rest += (byte % 128) * factor;
      if (byte < 128) break;
    }
    addTo(histogram, bucket, rest % 2 === 1 ? -(rest + 1) / 2 : rest / 2);
  }
};

/**
 * In seconds, by the nearest rank. Null if there is no delay.
 * @param part 0.5 for the median
 */
export const percentile = (histogram: Histogram, part: number): number | null => {
  const buckets = [...histogram].filter(([, count]) => count > 0).sort(([one], [other]) => one - other);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [bucket, count] of buckets) {
    below += count;
    if (below >= Math.max(1, Math.ceil(part * total))) return Math.round(middleOf(bucket)) / 1_000;
  }
  return null;
};
