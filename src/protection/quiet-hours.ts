/** Whether a number must not be rung now, because it is night where it may be. Pure. */
import { callingCodeOf } from '../common/phone-number.js';
import { localTime, type LocalTime } from '../common/local-time.js';
import { DAY_MINUTES, isWithin, type TimesOfDay } from '../config/times-of-day.js';
import { PREFIXES_BY_ZONES } from './phone-time-zones.js';

const ZONES_BY_PREFIX: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(PREFIXES_BY_ZONES).flatMap(([zones, prefixes]) =>
    prefixes.split(' ').map((prefix) => [prefix, zones.split('&')] as const),
  ),
);

/**
 * The longest prefix that the data knows decides. Many mobile numbers have all zones of their country.
 * @param phone in the form in which it is stored
 * @param region of national numbers
 * @returns names of the IANA database; none for a network without a country, such as a satellite network
 */
export const timeZonesOf = (phone: string, region: string): readonly string[] => {
  const digits = phone.startsWith('+') ? phone.slice(1) : callingCodeOf(region);
  for (let length = digits.length; length > 0; length--) {
    const zones = ZONES_BY_PREFIX.get(digits.slice(0, length));
    if (zones) return zones;
  }
  return [];
};

export interface QuietTime {
  /** One of those in which it is quiet. */
  readonly timeZone: string;
  /** There, as 23:05. */
  readonly time: string;
  /** Until it is quiet in none of them; undefined if that is never so. */
  readonly leftSeconds: number | undefined;
}

/** @returns null if it is quiet in none of the number's zones */
export const quietTime = (phone: string, region: string, quiet: TimesOfDay, now: Date): QuietTime | null => {
  const zones = timeZonesOf(phone, region);
  const timeZone = zones.find((zone) => isWithin(quiet, localTime(zone, now).minute));
  if (timeZone === undefined) return null;
  const end = endOf(quiet, zones, now);
  return {
    timeZone,
    time: timeShown(localTime(timeZone, now)),
    leftSeconds: end === null ? undefined : Math.ceil((end - now.getTime()) / 1_000),
  };
};

const timeShown = ({ minute }: LocalTime): string =>
  [Math.floor(minute / HOUR_MINUTES), minute % HOUR_MINUTES].map((part) => String(part).padStart(2, '0')).join(':');

const HOUR_MINUTES = 60;
const MINUTE_MS = 60_000;
const LOOK_AHEAD_MS = 2 * DAY_MINUTES * MINUTE_MS;

/** It looks again after each hour, because clocks may change meanwhile. */
const endOf = (quiet: TimesOfDay, zones: readonly string[], now: Date): number | null => {
  let end = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  while (end < now.getTime() + LOOK_AHEAD_MS) {
    const left = Math.max(...zones.map((zone) => minutesLeft(quiet, localTime(zone, new Date(end)).minute)));
    if (left === 0) return end;
    end += Math.min(left, HOUR_MINUTES) * MINUTE_MS;
  }
  return null;
};

const minutesLeft = (quiet: TimesOfDay, minute: number): number =>
  isWithin(quiet, minute) ? (quiet.to - minute + DAY_MINUTES) % DAY_MINUTES : 0;
