import { randomInt } from 'node:crypto';

const TIME_DIGITS = 15;
const RANDOM_DIGITS = 17;

/** 32 decimal digits: yyMMddHHmmssSSS in UTC, and 17 from a cryptographic source (contract: callSid). */
export const newCallSid = (now: Date): string =>
  // randomInt is limited to 2^48, so the 17 digits come in two parts.
  timeDigits(now) + digits(8) + digits(9);

export const isCallSid = (text: unknown): text is string => typeof text === 'string' && /^\d{32}$/.test(text);

/**
 * The least callSid that a call requested at this time or later can have. It has 32 digits as well: texts of equal
 * length that are all digits compare alike in every collation, and in JavaScript. The year has two digits, so the range
 * ends in 2099.
 */
export const minCallSidAt = (time: Date): string => {
  const year = time.getUTCFullYear();
  if (year < 2000) return '0'.repeat(TIME_DIGITS + RANDOM_DIGITS);
  if (year > 2099) return '9'.repeat(TIME_DIGITS + RANDOM_DIGITS);
  return timeDigits(time) + '0'.repeat(RANDOM_DIGITS);
};

const timeDigits = (time: Date): string =>
  time
    .toISOString()
    .replace(/\D/g, '')
    .slice(2, 2 + TIME_DIGITS);

const digits = (count: number): string => String(randomInt(10 ** count)).padStart(count, '0');
