/** The same time of the clock on another day, with which the figures of a range that goes on are compared. */
import { sameClock } from '../../web/src/pages/figures/clock-time.js';

const weekBefore = (at: string, timeZone: string): string =>
  new Date(sameClock(Date.parse(at), -7, timeZone)).toISOString();

describe('the same time of the clock a week before', () => {
  it.each([
    ['the end of summer time', '2026-10-26T12:00:00+01:00', 'Europe/Berlin', '2026-10-19T12:00:00+02:00'],
    ['the beginning of summer time', '2026-03-30T12:00:00+02:00', 'Europe/Berlin', '2026-03-23T12:00:00+01:00'],
    ['half an hour of summer time', '2026-04-06T12:15:00+10:30', 'Australia/Lord_Howe', '2026-03-30T12:15:00+11:00'],
    ['the hours after a change', '2026-11-01T00:30:00+01:00', 'Europe/Berlin', '2026-10-25T00:30:00+02:00'],
    ['no change', '2026-10-26T12:00:00+08:00', 'Asia/Shanghai', '2026-10-19T12:00:00+08:00'],
    ['a zone that is none', '2026-10-26T12:00:00Z', 'Nowhere/Land', '2026-10-19T12:00:00Z'],
  ])('across %s', (_, at, timeZone, expected) => {
    expect(weekBefore(at, timeZone)).toBe(new Date(expected).toISOString());
  });

  it('of no time is none', () => {
    expect(sameClock(Number.NaN, -7, 'Europe/Berlin')).toBeNaN();
  });
});
