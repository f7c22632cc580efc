/** The range of the figures, the one to compare with, and how their buckets belong together. Pure. */
import { isDay } from '../../parts/day';
import { TIME_ZONE } from '../../parts/time';
import type { operations } from '../../api/schema';
import { sameClock } from './clock-time';

type Query = operations['getStatistics']['parameters']['query'];
export type Every = Exclude<NonNullable<Query['every']>, 'none'>;

export const EVERY = ['hour', 'day', 'week', 'month'] as const satisfies readonly Every[];

/** As the address has it; the names are those of the API. */
export interface FigureSearch {
  readonly from?: string;
  readonly to?: string;
  readonly every?: string;
  readonly provider?: string;
  readonly timeZone?: string;
}

export interface Range {
  /** Days, or times, of `timeZone`. */
  readonly from: string;
  /** Not in it. */
  readonly to: string;
  readonly timeZone: string;
  readonly every: Every;
}

const DAY_MS = 86_400_000;

const utc = (text: string): number => Date.parse(isDay(text) ? `${text}T00:00:00Z` : text);

export const dayAfter = (day: string, days = 1): string =>
  new Date(utc(day) + days * DAY_MS).toISOString().slice(0, 10);

/** A zone that the browser does not know is refused by the service, with its reason. */
export const todayIn = (timeZone: string, now = new Date()): string => {
  try {
    // The form of Sweden is that of ISO 8601.
    return new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' }).format(now);
  } catch {
    return now.toISOString().slice(0, 10);
  }
};

const daysOf = ({ from, to }: Pick<Range, 'from' | 'to'>): number => Math.ceil((utc(to) - utc(from)) / DAY_MS);

/** As many buckets as can be told apart; the service takes 800. */
const MOST: Readonly<Record<Every, number>> = { hour: 33, day: 800, week: 5_000, month: 24_000 };

const usual = (days: number): Every => (days <= 2 ? 'hour' : days <= 92 ? 'day' : days <= 800 ? 'week' : 'month');

/** Those that the service answers for the range. */
export const possible = (range: Pick<Range, 'from' | 'to'>): readonly Every[] =>
  EVERY.filter((every) => daysOf(range) <= MOST[every]);

/** The last seven days, if the address names none. */
export const rangeOf = ({ from, to, every, timeZone = TIME_ZONE }: FigureSearch, now?: Date): Range => {
  const end = to ?? dayAfter(todayIn(timeZone, now));
  const begin = from ?? shifted(end, -7, timeZone);
  const span = { from: begin, to: end };
  return { ...span, timeZone, every: possible(span).find((one) => one === every) ?? usual(daysOf(span)) };
};

/** What is no date, or would be none, stays as it is: the service says what is wrong with it. */
const shifted = (text: string, days: number, timeZone: string): string =>
  isDay(text) ? dayAfter(text, days) : (instantText(sameClock(utc(text), days, timeZone)) ?? text);

/** Null if it is none that Date can have. */
const instantText = (at: number): string | null => {
  const instant = new Date(at);
  return Number.isNaN(instant.getTime()) ? null : instant.toISOString();
};

/** Whole weeks, so that a Monday is compared with a Monday. */
export const weeksBack = (range: Range): number => Math.max(1, Math.ceil(daysOf(range) / 7));

export const rangeBefore = (range: Range): Range => {
  const days = -7 * weeksBack(range);
  // A range that makes no sense is refused by the service.
  if (Number.isNaN(days)) return range;
  const { from, to, timeZone } = range;
  return { ...range, from: shifted(from, days, timeZone), to: shifted(to, days, timeZone) };
};

/** The service has no figures from before 2000. */
export const hasBefore = (range: Range): boolean => rangeBefore(range).from >= '2000';

const QUARTER_MS = 900_000;

export const isOver = ({ to, timeZone }: Range, now = new Date()): boolean =>
  isDay(to) ? to <= todayIn(timeZone, now) : utc(to) <= now.getTime();

/**
 * For totals: a range that is not over is compared with the part of the one before until the same time of the clock, to the quarter of
 * an hour.
 */
export const partBefore = (range: Range, now = new Date()): Range => {
  const before = rangeBefore(range);
  if (isOver(range, now)) return before;
  const end = Math.floor(now.getTime() / QUARTER_MS + 1) * QUARTER_MS;
  const until = instantText(sameClock(end, -7 * weeksBack(range), range.timeZone));
  return until === null ? before : { ...before, to: until };
};

interface Bucket {
  readonly from: string;
}

/**
 * Of each bucket, the one of the range before at the same time of the clock, `days` earlier. Where clocks changed meanwhile, an hour may
 * have none. Months and cut weeks are compared by their places.
 */
export const matched = <B extends Bucket>(
  { every, timeZone }: Range,
  buckets: readonly B[],
  before: readonly B[],
  days: number,
): readonly (B | undefined)[] => {
  if (every === 'month' || every === 'week') return buckets.map((_, place) => before[place]);
  const clock = clockOf(timeZone);
  const known = new Map<string, B>();
  for (const bucket of before.toReversed()) known.set(clock(bucket.from), bucket);
  return buckets.map(({ from }) => {
    const [day = '', time = ''] = clock(from).split(' ');
    return known.get(`${dayAfter(day, -days)} ${time}`);
  });
};

const clockOf = (timeZone: string): ((at: string) => string) => {
  const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (at) => format.format(new Date(at));
};
