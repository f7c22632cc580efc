/** Values out of JSON that others wrote: each is what it should be, or refused by name. */
import { REFUSAL_CATEGORIES, type Refusal, type RefusalCategory } from '../telephony-provider.js';

/** The message says what is wrong with the body, and repeats nothing of it. */
export class MalformedBody extends Error {}

export const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBody('the body is no JSON');
  }
};

export const readObject = (name: string, value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedBody(`${name} is no object`);
  }
  return value as Record<string, unknown>;
};

export const readList = (name: string, value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new MalformedBody(`${name} is no list`);
  return value;
};

/** Nothing of ours is longer. PostgreSQL stores neither NUL nor half of a surrogate pair. */
export const isStorable = (value: string): boolean => value.length <= 200 && !/[\0\p{Surrogate}]/u.test(value);

export const readText = (name: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '' || !isStorable(value)) {
    throw new MalformedBody(`${name} is no text of 1 to 200 characters`);
  }
  return value;
};

export const readOneOf = <T extends string>(name: string, choices: readonly T[], value: unknown): T => {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new MalformedBody(`${name} is none that we know`);
  return found;
};

export const readRefusal = (value: Record<string, unknown>): Refusal => ({
  category: readOneOf<RefusalCategory>('category', REFUSAL_CATEGORIES, value.category),
  code: readText('code', value.code),
  text: readText('text', value.text),
});
