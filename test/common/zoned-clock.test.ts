import { zonedClock } from '../../src/common/zoned-clock.js';

const clock = zonedClock('America/New_York');

it.each([
  ['2026-11-24T10:16:09.254Z', '2026-11-24 05:16:09', '2026-11-24T05:16:09.254-05:00'],
  ['2026-07-01T03:59:59.999Z', '2026-06-30 23:59:59', '2026-06-30T23:59:59.999-04:00'],
  // Both sides of the hour that clocks skip, and of the hour that they show twice.
  ['2026-03-08T06:59:59.999Z', '2026-03-08 01:59:59', '2026-03-08T01:59:59.999-05:00'],
  ['2026-03-08T07:00:00.000Z', '2026-03-08 03:00:00', '2026-03-08T03:00:00.000-04:00'],
  ['2026-11-01T05:30:00.000Z', '2026-11-01 01:30:00', '2026-11-01T01:30:00.000-04:00'],
  ['2026-11-01T06:30:00.000Z', '2026-11-01 01:30:00', '2026-11-01T01:30:00.000-05:00'],
])('at %s it shows %s', (at, shown, instant) => {
  expect(clock(new Date(at))).toEqual({ shown, instant });
  expect(new Date(instant).toISOString()).toBe(at);
});

it.each([
  ['0500-06-01T04:56:02.000Z', '0500-06-01 00:00:02'],
  ['9999-12-31T23:00:00.000Z', '9999-12-31 18:00:00'],
])('shows years of fewer digits, and the last one: %s', (at, shown) => {
  expect(clock(new Date(at)).shown).toBe(shown);
});

it('shows a part of an hour in the offset', () => {
  expect(zonedClock('Asia/Kathmandu')(new Date('2026-11-24T10:16:09Z')).instant).toBe('2026-11-24T16:01:09.000+05:45');
});
