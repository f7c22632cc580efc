/** A Long of the contract: 1 … 9223372036854775807 in decimal, kept as a string (design rule 8). */
const SHAPE = /^[1-9]\d{0,18}$/;
export const MAX_LONG = '9223372036854775807';

export const isLong = (text: unknown): text is string =>
  typeof text === 'string' &&
  SHAPE.test(text) &&
  // Of equal length, digits compare as text.
  (text.length < MAX_LONG.length || text <= MAX_LONG);
