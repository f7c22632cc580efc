import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { hashOfKey, isKeyAttempt, isWholeKey, newKeyText, shownPart } from '../../src/auth/api-keys/key-text.js';

/** As docs/operations.md has it for secret scanners. */
const FOR_SCANNERS = /\brbk_[0-9A-Za-z]{38}\b/;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

it('has the shape that scanners look for, and no two are alike', () => {
  const keys = Array.from({ length: 1_000 }, newKeyText);

  for (const key of keys) {
    expect(FOR_SCANNERS.exec(`API_KEY="${key}";`)?.[0]).toBe(key);
    expect([isKeyAttempt(key), isWholeKey(key)]).toEqual([true, true]);
  }
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(keys.map(hashOfKey)).size).toBe(keys.length);
  expect(new Set(keys.map((key) => key.slice(4, 36)).join('')).size).toBe(ALPHABET.length);
});

it('ends with the CRC-32 of its random characters in base 62, as the page tells scanners', () => {
  const key = newKeyText();

  const number = Array.from(key.slice(36)).reduce((sum, digit) => sum * 62 + ALPHABET.indexOf(digit), 0);

  expect(number).toBe(crc32(key.slice(4, 36)));
});

it('is refused with any one character changed, dropped or doubled', () => {
  const key = newKeyText();

  fc.assert(
    fc.property(fc.nat(37), fc.constantFrom(...Array.from(ALPHABET)), (index, other) => {
      const at = 4 + index;
      const [before, character, after] = [key.slice(0, at), key.charAt(at), key.slice(at + 1)];
      if (character !== other) expect(isWholeKey(`${before}${other}${after}`)).toBe(false);
      expect(isWholeKey(`${before}${after}`)).toBe(false);
      expect(isWholeKey(`${before}${character}${character}${after}`)).toBe(false);
    }),
  );
});

it.each(['', 'rbk_', 'rbk_short', `rbk_${'-'.repeat(38)}`, `RBK_${newKeyText().slice(4)}`])('is not: %j', (text) => {
  expect(isWholeKey(text)).toBe(false);
});

it('is recognized by its beginning, which leaves the rest to be guessed', () => {
  const key = newKeyText();

  expect(shownPart(key)).toBe(key.slice(0, 12));
});
