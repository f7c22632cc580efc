import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RecentItems } from '../../src/common/recent-items.js';
import { RecentLines } from '../../src/common/recent-lines.js';

const CALL_SID = '1'.repeat(32);

it('finds the items of a call, oldest first, and drops the oldest of all calls', () => {
  const items = new RecentItems<number>(3);

  for (let item = 1; item <= 4; item++) items.add(item % 2 === 0 ? 'even' : 'odd', item);

  expect(items.of('odd')).toEqual([3]);
  expect(items.of('even')).toEqual([2, 4]);
  expect(items.of('none')).toEqual([]);
});

it('has a bound for the weight of all items, also for many of them', () => {
  const items = new RecentItems<number>(1_000);

  for (let item = 0; item < 10_000; item++) items.add('a', item, 10);

  expect(items.of('a')).toEqual(Array.from({ length: 100 }, (_, index) => 9_900 + index));
});

it('an item that is heavier than the bound is not kept, and the next ones are', () => {
  const items = new RecentItems<string>(10);

  items.add('a', 'heavy', 11);
  items.add('a', 'light', 1);

  expect(items.of('a')).toEqual(['light']);
});

it('an item that made room can be collected at once', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const items = new RecentItems<object>(1);
  const former = ((): WeakRef<object> => {
    const item = {};
    items.add('a', item);
    return new WeakRef(item);
  })();

  items.add('a', {});
  await nextTurn();
  collect();

  expect(former.deref()).toBeUndefined();
  expect(items.of('a')).toHaveLength(1);
});

it('keeps lines with a callSid, and no others', () => {
  const lines = new RecentLines();

  lines.note(`{"level":30,"callSid":"${CALL_SID}","msg":"one"}\n`);
  lines.note('{"level":30,"msg":"two"}\n');

  expect(lines.of(CALL_SID)).toEqual([{ level: 30, callSid: CALL_SID, msg: 'one' }]);
});
