import { LRUCache } from 'lru-cache';
import { growingTo } from '../../src/common/growing-cache.js';

it('keeps as many entries as it says, those that were used last', () => {
  const cache = new LRUCache<string, number>(growingTo(3));

  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index);
  cache.get('a');
  cache.set('b', 5);
  for (const [index, key] of ['d', 'e'].entries()) cache.set(key, index);

  expect([...cache.entries()]).toEqual([
    ['e', 1],
    ['d', 0],
    ['b', 5],
  ]);
});

it('forgets an entry after its time, beyond the size with which a cache begins', () => {
  let now = 1;
  const cache = new LRUCache<number, true>({
    ...growingTo(1_000),
    ttl: 10,
    ttlResolution: 0,
    perf: { now: () => now },
  });
  for (let key = 0; key < 500; key++) cache.set(key, true);

  now += 5;
  for (let key = 500; key < 1_000; key++) cache.set(key, true);
  now += 6;

  expect(Array.from({ length: 1_000 }, (_, key) => cache.has(key))).toEqual(
    Array.from({ length: 1_000 }, (_, key) => key >= 500),
  );
});
