import { inspect } from 'node:util';
import { readKeyRing } from '../../src/config/key-ring.js';

const bytesOf = (letter: string): string => Buffer.alloc(32, letter).toString('base64');

const problemOf = (text: string): string => {
  try {
    readKeyRing(text);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

it('a key ring has its keys by name, in their order', () => {
  const ring = readKeyRing(`2027-01-31:${bytesOf('b')}, old_1:${bytesOf('a')}`);

  expect(ring.map(({ name, key }) => [name, key.export().toString()])).toEqual([
    ['2027-01-31', 'b'.repeat(32)],
    ['old_1', 'a'.repeat(32)],
  ]);
});

it('a key ring does not show its keys when it is printed or serialized', () => {
  const ring = readKeyRing(`name:${bytesOf('a')}`);

  for (const shown of [JSON.stringify(ring), inspect(ring, { depth: null, showHidden: true })]) {
    expect(shown).toContain('name');
    expect(shown).not.toMatch(/aaaa|YWFh|6161|97, 97/);
  }
});

it.each([
  ['a key without a name', bytesOf('a')],
  ['an empty name', `:${bytesOf('a')}`],
  ['a name with a blank', `a name:${bytesOf('a')}`],
  ['a name that is too long', `${'n'.repeat(65)}:${bytesOf('a')}`],
  ['16 bytes', `name:${Buffer.alloc(16, 'a').toString('base64')}`],
  ['48 bytes', `name:${Buffer.alloc(48, 'a').toString('base64')}`],
  ['hexadecimal digits', `name:${Buffer.alloc(32, 'a').toString('hex')}`],
  ['nothing after a comma', `name:${bytesOf('a')},`],
])('a key ring refuses %s, without its value in the error', (_what, text) => {
  expect(problemOf(text)).toBe('expected name:key, the key 32 bytes in base64, comma-separated');
});

it('a key ring refuses two keys with the same name', () => {
  expect(problemOf(`name:${bytesOf('a')},name:${bytesOf('b')}`)).toBe('expected no name twice');
});
