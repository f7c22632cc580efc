/**
 * Buckets of a time zone, from quarters of an hour of UTC. Every zone is ahead of UTC by a number of quarters, daylight saving
 * included, so its hours and days begin with one. Pure.
 */
import { localTime, weekdayOf } from '../../common/local-time.js';
import { startOfDay } from '../../common/start-of-day.js';

export const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export const PERIODS = ['none', 'hour', 'day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

export interface Bucket {
  readonly from: Date;
  /** Not of the bucket. */
  readonly to: Date;
}

/** The lengths of the rows that are kept, in minutes, from the longest. */
export const ROW_MINUTES = [1_440, 240, 60, 15] as const;

/** Adjacent rows of one length. */
export interface Rows extends Bucket {
  readonly minutes: number;
}

export const isQuarter = (at: Date): boolean => at.getTime() % QUARTER_MS === 0;

export const quarterOf = (at: Date): Date => new Date(Math.floor(at.getTime() / QUARTER_MS) * QUARTER_MS);

/** In the order of time. The first and the last one may be parts. */
export function* bucketsOf(zone: string, every: Period, { from, to }: Bucket): Generator<Bucket, void> {
  for (let start = from; start < to;) {
    const next =
      every === 'none'
        ? to
        : every === 'hour'
          ? nextHour(zone, start)
          : startOfDay(zone, dateAfter(zone, every, start));
    const end = next < to ? next : to;
    yield { from: start, to: end };
    start = end;
  }
}

/** An hour that clocks show twice is two buckets; one that loses half an hour is a short one. */
const nextHour = (zone: string, start: Date): Date => {
  const hour = hourAt(zone, start);
  let next = start;
  do next = new Date(next.getTime() + QUARTER_MS);
  while (hourAt(zone, next) === hour);
  return next;
};

/** The shown hour, in milliseconds, together with how far the clock is ahead. */
const hourAt = (zone: string, at: Date): string => {
  const { date, minute } = localTime(zone, at);
  const shown = Date.parse(`${date}T00:00:00Z`) + minute * 60_000;
  return `${Math.floor(shown / HOUR_MS)} ${shown - at.getTime()}`;
};

/** The date on which the next day, week (from Monday) or month begins. */
const dateAfter = (zone: string, every: 'day' | 'week' | 'month', at: Date): string => {
  const { date } = localTime(zone, at);
  const midnight = new Date(`${date}T00:00:00Z`);
  if (every === 'month') midnight.setUTCMonth(midnight.getUTCMonth() + 1, 1);
  else midnight.setTime(midnight.getTime() + DAY_MS * (every === 'day' ? 1 : 7 - ((weekdayOf(date) + 6) % 7)));
  return midnight.toISOString().slice(0, 10);
};

/** The fewest rows that make up the bucket. */
export const rowsOf = ({ from, to }: Bucket, [longest, ...shorter]: readonly number[] = ROW_MINUTES): Rows[] => {
  if (longest === undefined || from >= to) return [];
  const length = longest * 60_000;
  const first = new Date(Math.ceil(from.getTime() / length) * length);
  const end = new Date(Math.floor(to.getTime() / length) * length);
  if (first >= end) return rowsOf({ from, to }, shorter);
  return [
    ...rowsOf({ from, to: first }, shorter),
    { minutes: longest, from: first, to: end },
    ...rowsOf({ from: end, to }, shorter),
  ];
};

/** The starts of the rows that a call of this time is counted in. */
export const rowsAt = (at: Date): readonly { readonly minutes: number; readonly startsAt: Date }[] =>
  ROW_MINUTES.map((minutes) => {
    const length = minutes * 60_000;
    return { minutes, startsAt: new Date(Math.floor(at.getTime() / length) * length) };
  });
