import fc from 'fast-check';
import type { AppError } from '../../src/common/error-table.js';
import { DEEPEST, LONGEST_STRING, MAX_VALUES, readJsonText } from '../../src/common/json-text.js';

/** The result of reading a text: a value, or an error code. */
const outcomeOf = async (text: string): Promise<unknown> => {
  try {
    return { value: await readJsonText(text) };
  } catch (error) {
    return (error as AppError).code;
  }
};

const expected = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return 'BAD_REQUEST';
  }
};

/** The names that every object has are refused. */
const OF_EVERY_OBJECT = new RegExp(['prototype', ...Object.getOwnPropertyNames(Object.prototype)].join('|'));

const json = fc.json({ maxDepth: 5 }).filter((text) => !OF_EVERY_OBJECT.test(text));

/** JSON with one character removed, doubled or replaced; most of these are not JSON. */
const nearlyJson = fc
  .tuple(
    json,
    fc.nat(),
    fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '0', '-', '.', 'e', ' ', '\n', '\u0001'),
  )
  .map(([text, at, other]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + other + text.slice(place + (at % 2));
  });

describe('a JSON text', () => {
  it.each([
    ['any JSON', json],
    ['any JSON with blanks', fc.json({ maxDepth: 5 }).map((text) => JSON.stringify(JSON.parse(text), null, 3))],
    ['nearly JSON', nearlyJson],
  ])('is read as JSON.parse reads it: %s', async (_, texts) => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        fc.pre(!OF_EVERY_OBJECT.test(text));
        expect(await outcomeOf(text)).toEqual(expected(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    '"\\u540d\\n\\"\\\\"',
    '"\\\\"',
    '"\\\\\\""',
    '{"a":1,"a":2}',
    '-0',
    '1e400',
    '12345678901234567890',
    '  [ ] ',
    '{ }',
    '',
    ' ',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[1 2]',
    '{"a" 1}',
    '{a:1}',
    '01',
    '+1',
    '1.',
    '.5',
    'nul',
    'undefined',
    'NaN',
    '"a',
    '"\t"',
    '"\\x"',
    '[]]',
    '1 1',
    '\u00a01',
  ])('is read as JSON.parse reads it: %j', async (text) => {
    expect(await outcomeOf(text)).toEqual(expected(text));
  });

  it('may begin with a byte order mark', async () => {
    expect(await outcomeOf('\ufeff{"a":1}')).toEqual({ value: { a: 1 } });
    expect(await outcomeOf('\ufeff\ufeff1')).toBe('BAD_REQUEST');
  });

  it('is refused when it is nested too deep', async () => {
    const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);

    expect(await outcomeOf(nested(DEEPEST))).toEqual(expected(nested(DEEPEST)));
    expect(await outcomeOf(nested(DEEPEST + 2))).toBe('BAD_REQUEST');
    expect(await outcomeOf('['.repeat(1_000_000))).toBe('BAD_REQUEST');
    expect(await outcomeOf('{"a":'.repeat(1_000_000))).toBe('BAD_REQUEST');
  });

  it('is refused when it has too many values or too long strings', async () => {
    const values = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;

    expect(await outcomeOf(values(MAX_VALUES))).toEqual(expected(values(MAX_VALUES)));
    expect(await outcomeOf(values(MAX_VALUES + 1))).toBe('TOO_LARGE');
    expect(await outcomeOf(`"${'a'.repeat(LONGEST_STRING - 1)}"`)).toEqual({ value: 'a'.repeat(LONGEST_STRING - 1) });
    expect(await outcomeOf(`"${'a'.repeat(LONGEST_STRING)}"`)).toBe('TOO_LARGE');
  });

  it.each([
    '{"__proto__":{}}',
    '[{"a":{"__proto__":1}}]',
    '{"\\u005f_proto__":{}}',
    '{"constructor":{"prototype":{}}}',
    '{"toString":"v"}',
    '{"a":{"hasOwnProperty":"v"}}',
  ])('is refused when a key is a name that every object has: %s', async (text) => {
    expect(await outcomeOf(text)).toBe('BAD_REQUEST');
  });

  it('does not block the event loop while it is read', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);

    await readJsonText(`[${'{"a":1},'.repeat(40_000)}1]`);
    clearImmediate(timer);

    expect(turns).toBeGreaterThan(10);
  });
});
