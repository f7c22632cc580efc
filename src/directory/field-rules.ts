/**
 * The rules for the directory's fields, for single records and for lists of 10,000. A rule returns the fault of a value
 * as a phrase that continues "the field …", or null. It never repeats the value, which may be a secret.
 */
import { externalIdFault, namesUser, UNSTORABLE } from '../common/external-id.js';
import { readInstant } from '../common/instant.js';
import { MAX_LONG, isLong } from '../common/long.js';
import { lengthFault } from '../common/text-length.js';

export type FieldRule = (value: unknown) => string | null;

/** The pattern for Swagger; the maximum is MAX_LONG. */
export const USER_ID_PATTERN = '^[1-9][0-9]{0,18}$';

export const userIdRule: FieldRule = (value) => {
  if (isLong(value)) return null;
  if (typeof value === 'number') return 'must be a string such as "1001", because a JSON number cannot hold every Long';
  return `must be a string of decimal digits, 1 to ${MAX_LONG}, without a leading zero`;
};

export const externalIdRule: FieldRule = externalIdFault;

export const externalIdOrNoneRule: FieldRule = (value) => {
  if (value === null) return null;
  return typeof value === 'string' ? externalIdFault(value) : 'must be a string, or null for none';
};

/** Of a field that takes either. */
export const userIdOrExternalIdRule: FieldRule = (value) => {
  if (typeof value === 'number') return userIdRule(value);
  return namesUser(value) ? null : `must be the id of a user, 1 to ${MAX_LONG}, or an externalId, as a string`;
};

/** @param max as in lengthFault */
export const textRule =
  (max: number): FieldRule =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string';
    const tooLong = lengthFault(value, max);
    if (tooLong !== null) return tooLong;
    if (UNSTORABLE.test(value)) return 'must not contain control characters or unpaired surrogates';
    return value.trim() === '' ? 'must not be blank' : null;
  };

export const orNone =
  (rule: FieldRule): FieldRule =>
  (value) =>
    value === null ? null : rule(value);

export const wholeNumberRule =
  (min: number, max: number): FieldRule =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? null
      : `must be a whole number, ${min} to ${max}`;

/** Of a value that `instantOf` has read. */
export const instantRule: FieldRule = (value) =>
  value instanceof Date ? null : 'must be a time with its offset such as 2026-11-24T10:16:03.120Z (RFC 3339)';

export const instantOf = (value: unknown): unknown =>
  typeof value === 'string' ? (readInstant(value) ?? value) : value;

export const booleanRule: FieldRule = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

/** Checks only the type. Whether the number can be dialled depends on the region (dialable-phone.ts). */
export const phoneRule: FieldRule = (value) =>
  typeof value === 'string' ? null : 'must be a string such as "13800138000"';

export const phoneOrNoneRule: FieldRule = (value) =>
  value === null || typeof value === 'string' ? null : 'must be a string such as "13800138000", or null for none';

/** Removes the blanks that forms and spreadsheets leave around a name. */
export const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

/** Of users, service lines and API keys. The body limit of a list of users (users.controller.ts) follows from it. */
export const NAME_LENGTH = 100;
export const nameRule = textRule(NAME_LENGTH);

/** Of a sub-account at its provider. */
export const SUB_ACCOUNT_ID_LENGTH = 200;
export const subAccountIdRule = textRule(SUB_ACCOUNT_ID_LENGTH);

/** Enough for a private key in PEM, if a provider needs one. */
export const SECRET_LENGTH = 4_000;
export const secretRule = textRule(SECRET_LENGTH);

/** Of the reason and the source of a suppression. */
export const SUPPRESSION_TEXT_LENGTH = 200;
