import { AppError } from '../../common/error-table.js';

/** What the client of a long poll already has: a state, or a change by its number. */
export type Seen = { readonly state: number } | { readonly number: number };

/** At most the minute after which many proxies close a silent connection. */
const LONGEST_WAIT_SECONDS = 60;
const DEFAULT_WAIT_SECONDS = 25;

export interface LongPoll {
  readonly seen: Seen;
  readonly waitSeconds: number;
}

/** Reads the query parameters of a state poll; null for a plain poll. */
export const longPollOf = ({ after, afterNumber, wait }: Readonly<Record<string, unknown>>): LongPoll | null => {
  if (after === undefined && afterNumber === undefined && wait === undefined) return null;
  if (after !== undefined && afterNumber !== undefined) throw malformed('after and afterNumber exclude each other');
  const waitSeconds = wholeNumber('wait', wait ?? String(DEFAULT_WAIT_SECONDS), LONGEST_WAIT_SECONDS);
  const seen =
    afterNumber === undefined
      ? { state: wholeNumber('after', after ?? '0', 4) }
      : { number: wholeNumber('afterNumber', afterNumber, 1_000_000) };
  return { seen, waitSeconds };
};

const wholeNumber = (name: string, text: unknown, max: number): number => {
  if (typeof text !== 'string' || !/^\d{1,7}$/.test(text) || Number(text) > max) {
    throw malformed(`${name} must be a whole number from 0 to ${max}`);
  }
  return Number(text);
};

const malformed = (detail: string): AppError => new AppError('BAD_REQUEST', { detail });
