/**
 * A party of a call is a user of the directory or just a phone. Of a phone, the record's id column has the number's digits as a
 * negative number, so "one open call a caller" is the same index for both. Nothing outside the record shows such an id.
 */

/** More digits than E.164 allows, so that no short number has the id of an international one. */
const SHORT_NUMBER = 10n ** 16n;

/** @param phone in the form in which it is stored: E.164, or the digits of a national short number */
export const idOfPhone = (phone: string): string =>
  String(-(phone.startsWith('+') ? BigInt(phone.slice(1)) : SHORT_NUMBER + BigInt(phone)));

export const isIdOfPhone = (id: string): boolean => id.startsWith('-');

/** As SQL: the id of a user, null for a phone. */
export const userIdIn = (column: string): string => `case when ${column} > 0 then ${column} end`;
