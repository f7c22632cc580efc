import { randomInt } from 'node:crypto';

const TIME_DIGITS = 15;
const CELL_DIGITS = 3;
const RANDOM_DIGITS = 14;

/**
 * The time in a callSid comes from the clock of the replica that took the request, requested_at from the database's. Clocks under
 * NTP are milliseconds apart.
 */
export const CLOCK_TOLERANCE_MS = 60_000;

/**
 * 32 decimal digits: yyMMddHHmmssSSS in UTC, and 17 more (contract: callSid). The first three of these are the cell, the others
 * come from a cryptographic source.
 * @param cell names the database, so that several can share the work one day without a look-up
 */
export const newCallSid = (now: Date, cell = '000'): string =>
  timeDigits(now) + cell + String(randomInt(10 ** RANDOM_DIGITS)).padStart(RANDOM_DIGITS, '0');

export const isCallSid = (text: unknown): text is string => typeof text === 'string' && /^\d{32}$/.test(text);

/**
 * The least callSid that a call requested at this time or later can have. It has 32 digits as well: texts of equal
 * length that are all digits compare alike in every collation, and in JavaScript. The year has two digits, so the range
 * ends in 2099.
 */
export const minCallSidAt = (time: Date): string => {
  const year = time.getUTCFullYear();
  if (year < 2000) return '0'.repeat(TIME_DIGITS + CELL_DIGITS + RANDOM_DIGITS);
  if (year > 2099) return '9'.repeat(TIME_DIGITS + CELL_DIGITS + RANDOM_DIGITS);
  return timeDigits(time) + '0'.repeat(CELL_DIGITS + RANDOM_DIGITS);
};

/** By the clock of the replica that took the request. */
export const requestedAtOf = (callSid: string): Date => {
  const [year = 0, month = 1, day = 1, ...time] = (callSid.slice(0, 12).match(/../g) ?? []).map(Number);
  return new Date(
    Date.UTC(2000 + year, month - 1, day, time[0], time[1], time[2], Number(callSid.slice(12, TIME_DIGITS))),
  );
};

const timeDigits = (time: Date): string =>
  time
    .toISOString()
    .replace(/\D/g, '')
    .slice(2, 2 + TIME_DIGITS);
