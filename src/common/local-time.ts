/** The date and the time of day that clocks show in a time zone, daylight saving included. Pure. */
import { LRUCache } from 'lru-cache';

export interface LocalTime {
  /** As 2026-11-24. */
  readonly date: string;
  /** Since midnight, as the clock shows it. */
  readonly minute: number;
}

/** A clock takes longer to make than to read, and about 30 KB. There are about 600 zones, but each name has thousands of spellings. */
const clocks = new LRUCache<string, Intl.DateTimeFormat>({ max: 1_000 });

/** Of the IANA database. Newer versions of Node would take offsets such as +08:00 too. */
const ZONE_NAME = /^[A-Z][A-Za-z0-9]*(?:[/_+-][A-Za-z0-9]+)*$/;

export const isTimeZone = (name: string): boolean => {
  try {
    return ZONE_NAME.test(name) && Boolean(clockOf(name));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** @throws RangeError for a zone that is not known */
export const localTime = (zone: string, at: Date): LocalTime => {
  const [, month = '', day = '', year = '', hour, minute] = SHOWN.exec(clockOf(zone).format(at)) ?? [];
  return { date: `${writtenYear(year)}-${month}-${day}`, minute: Number(hour) * 60 + Number(minute) };
};

/** As 11/24/2026, 18:16. Reading it takes a fifth of the time of `formatToParts`, and statistics ask thousands of times. */
const SHOWN = /(\d+)\D+(\d+)\D+(\d+)\D+(\d+)\D+(\d+)/;

/** As ECMAScript reads it: with other digits, a time is none, and no comparison of it holds. */
const writtenYear = (year: string): string => (year.length > 4 ? `+${year.padStart(6, '0')}` : year.padStart(4, '0'));

const clockOf = (zone: string): Intl.DateTimeFormat => {
  const known = clocks.get(zone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  clocks.set(zone, clock);
  return clock;
};

const DAY_MS = 86_400_000;

/** @param date as 2026-11-24 */
export const dayBefore = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);

/** Sunday is 0. */
export const weekdayOf = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay();

/** Whether the text is a date that exists, as 2026-11-24. */
export const isDate = (text: string): boolean => {
  const midnight = /^20\d\d-[01]\d-[0-3]\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(text);
};
