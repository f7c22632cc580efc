/**
 * Reads values from JSON of another process: a provider, PostgreSQL's notifications, another version of Ringback. Each
 * value is validated on entry (design rule 9). A reader returns a value of the right type and range, or throws
 * UnexpectedShape.
 */

/** The message names the field and its fault, and never repeats the value. */
export class UnexpectedShape extends Error {}

export const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedShape('the body is not JSON');
  }
};

export const readObject = (name: string, value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnexpectedShape(`${name} is not an object`);
  }
  return value as Record<string, unknown>;
};

export const readList = (name: string, value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new UnexpectedShape(`${name} is not a list`);
  return value;
};

const LONGEST_TEXT = 200;
const NOT_STORABLE = /[\0\p{Surrogate}]/gu;

/** No field of ours is longer. PostgreSQL stores neither NUL nor unpaired surrogates. */
export const isStorable = (value: string): boolean => value.length <= LONGEST_TEXT && value.search(NOT_STORABLE) === -1;

/** For texts that only people read: shortened and cleaned instead of refused. */
export const storable = (value: unknown, max = LONGEST_TEXT): string =>
  typeof value === 'string' ? value.slice(0, max).replace(NOT_STORABLE, '') : '';

export const readText = (name: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '' || !isStorable(value)) {
    throw new UnexpectedShape(`${name} is not a text of 1 to ${LONGEST_TEXT} characters`);
  }
  return value;
};

export const readWholeNumber = (name: string, min: number, max: number, value: unknown): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new UnexpectedShape(`${name} is not a whole number from ${min} to ${max}`);
  }
  return value;
};

export const readOneOf = <T extends string>(name: string, choices: readonly T[], value: unknown): T => {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UnexpectedShape(`${name} has an unknown value`);
  return found;
};
