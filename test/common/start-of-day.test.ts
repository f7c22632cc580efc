import { localTime } from '../../src/common/local-time.js';
import { startOfDay } from '../../src/common/start-of-day.js';

it.each([
  ['UTC', '2026-11-24', '2026-11-24T00:00:00.000Z'],
  ['Asia/Shanghai', '2026-11-24', '2026-11-23T16:00:00.000Z'],
  ['Asia/Kathmandu', '2026-11-24', '2026-11-23T18:15:00.000Z'],
  ['Pacific/Kiritimati', '2026-11-24', '2026-11-23T10:00:00.000Z'],
  // Daylight saving begins and ends on the day, after its midnight.
  ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z'],
  ['America/New_York', '2026-03-09', '2026-03-09T04:00:00.000Z'],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  ['America/New_York', '2026-11-02', '2026-11-02T05:00:00.000Z'],
  // The clocks skip midnight: the day begins at one.
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
  ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z'],
  // They go back to the day before when it ends.
  ['America/Sao_Paulo', '2018-02-18', '2018-02-18T03:00:00.000Z'],
  // They show midnight twice.
  ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  // Samoa had no 30 December.
  ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00:00.000Z'],
  ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
  ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00.000Z'],
])('in %s, %s begins at %s', (zone, date, begins) => {
  expect(startOfDay(zone, date).toISOString()).toBe(begins);
});

it('is the first instant with the date, of every day of a year, on every continent', () => {
  const zones = ['Asia/Shanghai', 'Europe/London', 'America/Santiago', 'Australia/Lord_Howe', 'Africa/Casablanca'];
  for (const zone of zones) {
    for (let day = 0; day < 366; day++) {
      const date = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);

      const begins = startOfDay(zone, date);

      const before = new Date(begins.getTime() - 60_000);
      expect({ zone, date, shown: localTime(zone, begins).date, isFirst: localTime(zone, before).date < date }).toEqual(
        {
          zone,
          date,
          shown: date,
          isFirst: true,
        },
      );
    }
  }
});
