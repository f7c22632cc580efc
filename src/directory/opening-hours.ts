/** When a service line is open: by weekday, in the clock of its own time zone, except on holidays. Pure. */
import { dayBefore, isDate, isTimeZone, localTime, weekdayOf } from '../common/local-time.js';
import { DAY_MINUTES, readTimesOfDay, type TimesOfDay } from '../config/times-of-day.js';
import type { FieldRule } from './field-rules.js';

/** In the order of JavaScript: Sunday is 0. */
export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface OpeningHours {
  /** A name of the IANA database. */
  readonly timeZone: string;
  /** Ranges such as 09:00-18:00. A day without any is closed. A range over midnight belongs to the day on which it begins. */
  readonly week: Readonly<Partial<Record<Weekday, readonly string[]>>>;
  /** Dates such as 2026-10-01, on which no range begins. */
  readonly holidays?: readonly string[];
}

export const MAX_RANGES_A_DAY = 10;
export const MAX_HOLIDAYS = 500;

/** @param hours null: always */
export const isOpenAt = (hours: OpeningHours | null, at: Date): boolean => {
  if (hours === null) return true;
  const { date, minute } = localTime(hours.timeZone, at);
  const covers = ({ from, to }: TimesOfDay): boolean => minute >= from && minute < to;
  return (
    rangesOn(hours, date).some((range) => covers(onBothDays(range)[0])) ||
    rangesOn(hours, dayBefore(date)).some((range) => covers(onBothDays(range)[1]))
  );
};

const rangesOn = ({ week, holidays = [] }: OpeningHours, date: string): readonly TimesOfDay[] => {
  const day = WEEKDAYS[weekdayOf(date)];
  return day === undefined || holidays.includes(date) ? [] : rangesOf(week[day] ?? []);
};

const rangesOf = (texts: readonly string[]): readonly TimesOfDay[] =>
  texts.map(readTimesOfDay).filter((range) => range !== null);

/** The part on the day on which it begins, and the part on the next day. */
const onBothDays = ({ from, to }: TimesOfDay): readonly [today: TimesOfDay, tomorrow: TimesOfDay] =>
  to > from
    ? [
        { from, to },
        { from: 0, to: 0 },
      ]
    : [
        { from, to: DAY_MINUTES },
        { from: 0, to },
      ];

const EXAMPLE =
  '{"timeZone":"Asia/Shanghai","week":{"monday":["09:00-12:00","13:30-18:00"]},"holidays":["2026-10-01"]}';

/** Of what stands in a request, and of what another version may have stored. */
export const openingHoursRule: FieldRule = (value) => {
  if (value === null) return null;
  if (!isObject(value)) return `must be an object such as ${EXAMPLE}, or null for always`;
  const { timeZone, week, holidays = [], ...others } = value;
  if (Object.keys(others).length > 0) return 'must have no other fields than timeZone, week and holidays';
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) {
    return 'timeZone must be a name of the IANA database such as Asia/Shanghai';
  }
  return weekFault(week) ?? holidaysFault(holidays);
};

const weekFault = (week: unknown): string | null => {
  if (!isObject(week) || !Object.keys(week).every((day) => WEEKDAYS.includes(day as Weekday))) {
    return `week must be an object with the fields ${WEEKDAYS.join(', ')}, or some of them`;
  }
  for (const [day, ranges] of Object.entries(week)) {
    const fault = dayFault(day, ranges);
    if (fault !== null) return fault;
  }
  const byDay = WEEKDAYS.map((day) => rangesOf((week as OpeningHours['week'])[day] ?? []));
  if (byDay.every((ranges) => ranges.length === 0)) {
    return 'must have a range of times on some weekday; to close the line, set open to false';
  }
  const overlapping = overlap(byDay);
  return overlapping === null ? null : `must not have ranges that overlap, as on ${overlapping}`;
};

const dayFault = (day: string, ranges: unknown): string | null => {
  if (!Array.isArray(ranges) || ranges.length > MAX_RANGES_A_DAY) {
    return `week.${day} must be a list of at most ${MAX_RANGES_A_DAY} ranges of times`;
  }
  const wrong = ranges.findIndex((range) => typeof range !== 'string' || readTimesOfDay(range) === null);
  return wrong === -1
    ? null
    : `week.${day}[${wrong}] must be a range of times such as 09:00-18:00, or 00:00-24:00 for the whole day`;
};

/** The day of the later of two ranges that overlap. Saturday's may reach into Sunday. */
const overlap = (byDay: readonly (readonly TimesOfDay[])[]): Weekday | null => {
  const minutes = byDay.flatMap((ranges, day) =>
    ranges.flatMap((range) => {
      const [today, tomorrow] = onBothDays(range);
      return [
        { day, ...today },
        { day: (day + 1) % WEEKDAYS.length, ...tomorrow },
      ].map((part) => ({ from: part.day * DAY_MINUTES + part.from, to: part.day * DAY_MINUTES + part.to }));
    }),
  );
  const inOrder = minutes.filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from);
  const later = inOrder.find(({ from }, index) => from < (inOrder[index - 1]?.to ?? 0));
  return later === undefined ? null : (WEEKDAYS[Math.floor(later.from / DAY_MINUTES)] ?? null);
};

const holidaysFault = (holidays: unknown): string | null => {
  if (!Array.isArray(holidays) || holidays.length > MAX_HOLIDAYS) {
    return `holidays must be a list of at most ${MAX_HOLIDAYS} dates`;
  }
  const wrong = holidays.findIndex((date) => typeof date !== 'string' || !isDate(date));
  return wrong === -1 ? null : `holidays[${wrong}] must be a date such as 2026-10-01`;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
