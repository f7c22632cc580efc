/**
 * A user's id in another system: a UUID, the `sub` of an identity provider. It stands where a Long may stand, so no text is both.
 * It is compared exactly, without trimming. Pure.
 */
import { isLong } from './long.js';
import { lengthFault } from './text-length.js';

export const EXTERNAL_ID_LENGTH = 128;

/**
 * PostgreSQL cannot store NUL, UTF-8 cannot represent unpaired surrogates, and other control characters are never
 * intended.
 */
export const UNSTORABLE = /[\p{Cc}\p{Surrogate}]/u;

/** Also with a sign or blanks, which some programs ignore when they read a number. */
const NUMBER = /^\s*[+-]?\d+\s*$/;

/** Subjects of API keys begin like this. */
const KEY_SUBJECT = /^key:/;

/** @returns the fault as a phrase that continues "the field …", or null */
export const externalIdFault = (value: unknown): string | null => {
  if (typeof value !== 'string') return 'must be a string';
  const tooLong = lengthFault(value, EXTERNAL_ID_LENGTH);
  if (tooLong !== null) return tooLong;
  if (UNSTORABLE.test(value)) return 'must not contain control characters or unpaired surrogates';
  if (value.trim() === '') return 'must not be blank';
  if (NUMBER.test(value)) return 'must not be a number: a text of digits is the id of a user, not an externalId';
  return KEY_SUBJECT.test(value) ? 'must not begin with "key:", as the subjects of API keys do' : null;
};

export const isExternalId = (value: unknown): value is string => externalIdFault(value) === null;

/** Whether the text may name a user: by id or by external id. */
export const namesUser = (text: unknown): text is string => isLong(text) || isExternalId(text);
