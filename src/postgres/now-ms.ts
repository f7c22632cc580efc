/**
 * The time of a statement with the precision of the columns. A `timestamptz(3)` rounds to the nearest millisecond. So a
 * stored now() may be later than the now() of a comparison half a millisecond afterwards, and a due row would be
 * missed. With equal rounding, an earlier time is never greater.
 */
export const NOW_MS = 'now()::timestamptz(3)';
