/** Times as the clocks of a zone show them, daylight saving included. Pure. */
import { localTime } from './local-time.js';

const MINUTE_MS = 60_000;

export interface ZonedTime {
  /** As 2026-11-24 18:16:09, which spreadsheets take for a time. */
  readonly shown: string;
  /** As 2026-11-24T18:16:09.254+08:00 (RFC 3339). */
  readonly instant: string;
}

/** For many times, most of them in the order of time: the clock is asked once a minute. */
export const zonedClock = (zone: string): ((at: Date) => ZonedTime) => {
  let [known, shift] = [NaN, 0];
  return (at) => {
    const minute = Math.floor(at.getTime() / MINUTE_MS);
    if (minute !== known) {
      const clock = localTime(zone, at);
      shift = Date.parse(`${clock.date}T00:00:00Z`) / MINUTE_MS + clock.minute - minute;
      known = minute;
    }
    const local = new Date(at.getTime() + shift * MINUTE_MS).toISOString();
    return { shown: local.slice(0, 19).replace('T', ' '), instant: local.replace('Z', offsetOf(shift)) };
  };
};

const offsetOf = (minutes: number): string => {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
};
