/** When a day begins in a time zone. Clocks may skip midnight, or show it twice, when daylight saving begins or ends. Pure. */
import { localTime } from './local-time.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * The first instant at which clocks show the date, or a later one: Samoa had no 30 December 2011.
 * @param date as 2026-11-24
 */
export const startOfDay = (zone: string, date: string): Date => {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const candidates = [midnight - DAY_MS, midnight + DAY_MS].map((near) => midnight - (clockAt(zone, near) - near));
  const shown = candidates.filter((at) => clockAt(zone, at) === midnight);
  if (shown.length > 0) return new Date(Math.min(...shown));
  return new Date(afterGap(zone, midnight, Math.min(...candidates), Math.max(...candidates)));
};

/** Between an instant whose clock is before midnight, and one whose clock is behind it. */
const afterGap = (zone: string, midnight: number, before: number, behind: number): number => {
  let [from, to] = [before, behind];
  while (to - from > MINUTE_MS) {
    const middle = from + Math.floor((to - from) / (2 * MINUTE_MS)) * MINUTE_MS;
    if (clockAt(zone, middle) < midnight) from = middle;
    else to = middle;
  }
  return to;
};

/** What the clock shows, to the minute, as if it were UTC. */
const clockAt = (zone: string, at: number): number => {
  const { date, minute } = localTime(zone, new Date(at));
  return Date.parse(`${date}T00:00:00Z`) + minute * MINUTE_MS;
};
