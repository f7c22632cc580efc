import fc from 'fast-check';
import { hasLongList, jsonInTurns } from '../../src/common/json-in-turns.js';

const written = async (value: object): Promise<string> => (await jsonInTurns(value)).toString();

/** Some are long enough to be written item by item. */
const lists = (item: fc.Arbitrary<unknown>) => fc.array(item, { minLength: 18, maxLength: 22 });

it('writes what JSON.stringify writes', async () => {
  const leaves = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null));
  const items = fc.oneof(leaves, fc.array(leaves), fc.dictionary(fc.string({ unit: 'binary' }), leaves));
  const nested = lists(fc.oneof(items, fc.dictionary(fc.string(), lists(leaves), { maxKeys: 2 })));
  const values = fc.oneof(fc.dictionary(fc.string(), fc.oneof(items, nested), { maxKeys: 4 }), nested);
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      expect(await written(value)).toBe(Buffer.from(JSON.stringify(value)).toString());
    }),
    { numRuns: 100 },
  );
});

it('leaves out what JSON has not, and writes times and names of other letters', async () => {
  const at = new Date('2026-11-24T08:16:03.120Z');
  const item = { at, name: '王小明', none: undefined, call: () => 1, list: [undefined, Symbol('x'), null] };
  const value = { none: undefined, at, items: Array(30).fill(item), lists: Array(30).fill([undefined, at]), last: 1 };

  expect(await written(value)).toBe(JSON.stringify(value));
});

it.each([
  ['a short list', { items: Array(5).fill(1) }, false],
  ['a long one', { items: Array(50).fill(1) }, true],
  ['a long one alone', Array(50).fill(1), true],
  ['a long one in the only bucket', { buckets: [{ from: null, groups: Array(50).fill({ calls: 1 }) }] }, true],
  ['a long one of a part', { ofThisReplica: { logLines: Array(50).fill({}) } }, true],
  ['short ones in each other', { buckets: [{ groups: [{ calls: 1 }] }] }, false],
  ['nothing', null, false],
  ['a text', 'x'.repeat(50), false],
])('takes %s for long or not', (_, value, expected) => {
  expect(hasLongList(value)).toBe(expected);
});

it('others get turns meanwhile', async () => {
  let turns = 0;
  let immediate: NodeJS.Immediate;
  const counting = (): void => {
    turns++;
    immediate = setImmediate(counting);
  };
  immediate = setImmediate(counting);
  // Each look at the clock finds it later by more than a turn may last.
  let now = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  try {
    const groups = Array.from({ length: 100 }, () => ({ text: 'x'.repeat(1_000) }));

    await jsonInTurns({ buckets: Array.from({ length: 20 }, () => ({ groups })) });

    // 2 MB, in parts of 64 KB.
    expect(turns).toBeGreaterThanOrEqual(29);
  } finally {
    clock.mockRestore();
    clearImmediate(immediate);
  }
});
