/**
 * What the fields of the directory have to be, for a single record and for ten thousand of them alike. A rule says what
 * is wrong with a value, in words that continue "the field …", or null where nothing is. None repeats the value: it may
 * be a secret.
 */
import { GREATEST_LONG, isLong } from '../common/long.js';

export type FieldRule = (value: unknown) => string | null;

/** As Swagger tells it; the greatest is GREATEST_LONG. */
export const USER_ID_PATTERN = '^[1-9][0-9]{0,18}$';

export const userIdRule: FieldRule = (value) => {
  if (isLong(value)) return null;
  if (typeof value === 'number') return 'must be a string such as "1001", because a JSON number cannot hold every Long';
  return `must be a string of decimal digits, 1 to ${GREATEST_LONG}, without a leading zero`;
};

/** PostgreSQL stores no NUL, UTF-8 has no half of a surrogate pair, and nobody means the other control characters. */
const UNSTORABLE = /[\p{Cc}\p{Surrogate}]/u;

/** @param most characters as people count them: an emoji outside the basic plane is one */
export const textRule =
  (most: number): FieldRule =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string';
    if (UNSTORABLE.test(value)) return 'must not contain control characters or unpaired surrogates';
    if (value.trim() === '') return 'must not be blank';
    const { length } = Array.from(value);
    return length > most ? `must have ${most} characters at most; these are ${length}` : null;
  };

export const wholeNumberRule =
  (least: number, most: number): FieldRule =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? null
      : `must be a whole number, ${least} to ${most}`;

export const yesOrNoRule: FieldRule = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

/** The shape only: whether the number can be dialled depends on the region (dialable-phone.ts). */
export const phoneRule: FieldRule = (value) =>
  typeof value === 'string' ? null : 'must be a string such as "13800138000"';

export const phoneOrNoneRule: FieldRule = (value) =>
  value === null || typeof value === 'string' ? null : 'must be a string such as "13800138000", or null for none';

/** Blanks around a name come from forms and spreadsheets; nobody means them. */
export const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

export const NAME_LENGTH = 100;
export const nameRule = textRule(NAME_LENGTH);
