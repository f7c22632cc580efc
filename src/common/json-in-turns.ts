/**
 * JSON.stringify in steps. It takes up to 130 ms for a response of 4 MB, such as the figures of a month by hour and country, and
 * blocks all other requests.
 */
import { mapInTurns } from './next-turn.js';

/** A list of so many is written item by item. */
const MANY = 20;
/** Written in a millisecond. */
const CHARACTERS_A_PART = 64 * 1024;

/** Whether a list in it is long enough to be written in steps. */
export const hasLongList = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  ((Array.isArray(value) && value.length >= MANY) || Object.values(value).some(hasLongList));

/** @returns the bytes of JSON.stringify(value) in UTF-8 */
export const jsonInTurns = async (value: object): Promise<Buffer> =>
  Buffer.concat(await mapInTurns(partsOf(value), (part) => Buffer.from(part)));

function* partsOf(value: object): Generator<string> {
  let part = '';
  for (const piece of piecesOf(value)) {
    part += piece;
    if (part.length < CHARACTERS_A_PART) continue;
    yield part;
    part = '';
  }
  yield part;
}

function* piecesOf(value: unknown): Generator<string> {
  if (!hasLongList(value)) yield JSON_HAS_NOT.has(typeof value) ? 'null' : JSON.stringify(value);
  else if (Array.isArray(value)) {
    for (const [place, item] of value.entries()) {
      yield place === 0 ? '[' : ',';
      yield* piecesOf(item);
    }
    yield ']';
  } else {
    let before = '{';
    for (const [name, field] of Object.entries(value)) {
      if (JSON_HAS_NOT.has(typeof field)) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* piecesOf(field);
      before = ',';
    }
    yield '}';
  }
}

const JSON_HAS_NOT: ReadonlySet<string> = new Set(['undefined', 'function', 'symbol']);
