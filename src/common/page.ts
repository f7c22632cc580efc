import { AppError } from './error-table.js';

/** Maximum number of rows that a page examines when few of them match: a second from a cold disk, 20 ms from memory. */
export const MAX_EXAMINED = 5_000;

export interface PageRequest {
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly next: string | null;
}

/** @param rows one more than the limit if there are more pages */
export const pageOf = <T>(rows: readonly T[], limit: number, cursorOf: (row: T) => string): Page<T> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? cursorOf(last) : null };
};

export const badCursor = (): AppError =>
  new AppError('BAD_REQUEST', { faults: [{ where: 'after', what: 'must be the `next` of a page of this list' }] });
