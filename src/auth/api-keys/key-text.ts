/**
 * The text of an API key: `rbk_`, 32 random characters, 6 characters of checksum. Secret scanners find it by its prefix
 * and rule out other texts by the checksum. A mistyped or truncated key is refused without a look at any memory or
 * table. The checksum proves nothing: anybody can compute it. Pure.
 */
import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'rbk_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 190 bits. What a list shows of them leaves 142. */
const RANDOM_LENGTH = 32;
/** 62^6 is more than 2^32. */
const CHECKSUM_LENGTH = 6;
const SHOWN_LENGTH = PREFIX.length + 8;

const SHAPE = new RegExp(`^${PREFIX}([0-9A-Za-z]{${RANDOM_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`);

export const newKeyText = (): string => {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return `${PREFIX}${random}${checksumOf(random)}`;
};

/** Whether the text means to be an API key. No JWT begins like this. */
export const isKeyAttempt = (text: string): boolean => text.startsWith(PREFIX);

export const isWholeKey = (text: string): boolean => {
  const [, random = '', checksum = ''] = SHAPE.exec(text) ?? [];
  return random !== '' && checksumOf(random) === checksum;
};

/**
 * What is stored and looked up. A slow hash protects passwords, which can be guessed. A key of 190 random bits cannot,
 * and a request must not cost 100 ms of a processor. The time of a look-up by hash tells nothing about a key.
 */
export const hashOfKey = (text: string): string => hash('sha256', text, 'base64');

/** The beginning, by which people recognize a key in lists and logs. */
export const shownPart = (text: string): string => text.slice(0, SHOWN_LENGTH);

/** CRC-32 of the random characters in base 62, most significant digit first. */
const checksumOf = (random: string): string => {
  let rest = crc32(random);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
};
