import { LRUCache } from 'lru-cache';
import { growingTo } from '../../src/auth/growing-cache.js';

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
