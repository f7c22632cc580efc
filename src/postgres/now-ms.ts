/**
 * The time of a statement as the columns keep it. A `timestamptz(3)` rounds to the nearest millisecond, so now() that is
 * written there may come out later than now() that is compared with it half a millisecond afterwards: what is due would be
 * missed. Rounded alike, an earlier time is never the later one.
 */
export const NOW_MS = 'now()::timestamptz(3)';
