import fc from 'fast-check';
import { localTime } from '../../src/common/local-time.js';
import { startOfDay } from '../../src/common/start-of-day.js';
import { bucketsOf, QUARTER_MS, rowsOf, type Bucket, type Period } from '../../src/call/statistics/time-buckets.js';

const HOUR_MS = 3_600_000;

const between = (zone: string, every: Period, from: string, to: string): readonly Bucket[] => [
  ...bucketsOf(zone, every, { from: startOfDay(zone, from), to: startOfDay(zone, to) }),
];

const hoursOf = (buckets: readonly Bucket[]): number[] =>
  buckets.map(({ from, to }) => (to.getTime() - from.getTime()) / HOUR_MS);

const startsOf = (buckets: readonly Bucket[]): string[] => buckets.map(({ from }) => from.toISOString().slice(0, 16));

describe('days', () => {
  it.each([
    ['Europe/Berlin', '2026-03-28', '2026-03-31', [24, 23, 24]],
    ['Europe/Berlin', '2026-10-24', '2026-10-27', [24, 25, 24]],
    ['America/New_York', '2026-03-07', '2026-03-10', [24, 23, 24]],
    ['America/New_York', '2026-10-31', '2026-11-03', [24, 25, 24]],
    // By half an hour.
    ['Australia/Lord_Howe', '2026-04-04', '2026-04-07', [24, 24.5, 24]],
    ['Australia/Lord_Howe', '2026-10-03', '2026-10-06', [24, 23.5, 24]],
    // 12:45 or 13:45 ahead.
    ['Pacific/Chatham', '2026-04-04', '2026-04-07', [24, 25, 24]],
    ['Asia/Kathmandu', '2026-03-28', '2026-03-31', [24, 24, 24]],
    ['Asia/Shanghai', '2026-10-24', '2026-10-26', [24, 24]],
    // At midnight: the day begins at one o'clock.
    ['Africa/Cairo', '2026-04-23', '2026-04-26', [24, 23, 24]],
    // The day before ends with a second hour from eleven to midnight.
    ['Africa/Cairo', '2026-10-29', '2026-10-31', [25, 24]],
    // Without 30 December.
    ['Pacific/Apia', '2011-12-29', '2012-01-01', [24, 24]],
  ])('of %s from %s to %s', (zone, from, to, hours) => {
    expect(hoursOf(between(zone, 'day', from, to))).toEqual(hours);
  });

  it('begin with the zone’s midnight', () => {
    expect(startsOf(between('Asia/Kolkata', 'day', '2026-11-24', '2026-11-26'))).toEqual([
      '2026-11-23T18:30',
      '2026-11-24T18:30',
    ]);
    expect(startsOf(between('Asia/Kathmandu', 'day', '2026-11-24', '2026-11-25'))).toEqual(['2026-11-23T18:15']);
  });
});

describe('hours', () => {
  it('an hour that clocks show twice is two buckets, and one that they leave out is none', () => {
    expect(startsOf(between('Europe/Berlin', 'hour', '2026-10-25', '2026-10-26')).slice(0, 5)).toEqual([
      '2026-10-24T22:00',
      '2026-10-24T23:00',
      '2026-10-25T00:00',
      '2026-10-25T01:00',
      '2026-10-25T02:00',
    ]);
    expect(hoursOf(between('Europe/Berlin', 'hour', '2026-10-25', '2026-10-26'))).toEqual(Array(25).fill(1));
    expect(hoursOf(between('Europe/Berlin', 'hour', '2026-03-29', '2026-03-30'))).toEqual(Array(23).fill(1));
  });

  it('begin where the zone’s clock shows a full hour', () => {
    expect(startsOf(between('Asia/Kathmandu', 'hour', '2026-11-24', '2026-11-25'))[1]).toBe('2026-11-23T19:15');
  });

  it('of a clock that goes back by half an hour: one of an hour, and one of the half hour that it repeats', () => {
    const hours = hoursOf(between('Australia/Lord_Howe', 'hour', '2026-04-05', '2026-04-06'));

    expect(hours).toEqual([1, 1, 0.5, ...Array<number>(22).fill(1)]);
  });
});

describe('weeks and months', () => {
  it('a week begins on Monday, and the first and the last one may be parts', () => {
    expect(startsOf(between('Europe/Berlin', 'week', '2026-10-22', '2026-11-04'))).toEqual([
      '2026-10-21T22:00',
      '2026-10-25T23:00',
      '2026-11-01T23:00',
    ]);
  });

  it('a month begins on its first day', () => {
    expect(startsOf(between('America/New_York', 'month', '2026-10-15', '2027-01-01'))).toEqual([
      '2026-10-15T04:00',
      '2026-11-01T04:00',
      '2026-12-01T05:00',
    ]);
  });
});

const ZONES = ['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Chatham'];
const quarters = fc
  .integer({ min: Date.UTC(2025, 0) / QUARTER_MS, max: Date.UTC(2027, 0) / QUARTER_MS })
  .map((quarter) => new Date(quarter * QUARTER_MS));
const ranges = fc
  .tuple(quarters, fc.integer({ min: 1, max: 4 * 24 * 40 }))
  .map(([from, length]) => ({ from, to: new Date(from.getTime() + length * QUARTER_MS) }));

/** What a clock shows of the bucket. */
const LABELS: Readonly<Record<Exclude<Period, 'none'>, (date: string, minute: number) => string>> = {
  hour: (date, minute) => `${date} ${Math.floor(minute / 60)}`,
  day: (date) => date,
  week: (date) => String(Math.floor((Date.parse(date) / 86_400_000 + 3) / 7)),
  month: (date) => date.slice(0, 7),
};

it('buckets follow each other without gaps, and clocks show one hour, day, week or month in each', () => {
  fc.assert(
    fc.property(
      ranges,
      fc.constantFrom(...ZONES),
      fc.constantFrom('hour', 'day', 'week', 'month'),
      (range, zone, every) => {
        const buckets = [...bucketsOf(zone, every, range)];
        const label = (at: Date): string => {
          const { date, minute } = localTime(zone, at);
          return LABELS[every](date, minute);
        };

        expect(buckets[0]!.from).toEqual(range.from);
        expect(buckets.at(-1)!.to).toEqual(range.to);
        for (const [index, { from, to }] of buckets.entries()) {
          if (index > 0) expect(from).toEqual(buckets[index - 1]!.to);
          for (let at = from.getTime(); at < to.getTime(); at += QUARTER_MS)
            expect(label(new Date(at))).toBe(label(from));
          if (every !== 'hour' && to < range.to) expect(label(to)).not.toBe(label(from));
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('rows make up their range, each of its own length on its own boundary, and few for a year', () => {
  fc.assert(
    fc.property(ranges, (range) => {
      const rows = rowsOf(range);

      expect(rows[0]!.from).toEqual(range.from);
      expect(rows.at(-1)!.to).toEqual(range.to);
      for (const [index, { minutes, from, to }] of rows.entries()) {
        if (index > 0) expect(from).toEqual(rows[index - 1]!.to);
        expect([from, to].map((at) => at.getTime() % (minutes * 60_000))).toEqual([0, 0]);
      }
    }),
  );
  const year = rowsOf({
    from: startOfDay('Asia/Kathmandu', '2026-01-01'),
    to: startOfDay('Asia/Kathmandu', '2027-01-01'),
  });
  expect(year.map(({ minutes }) => minutes)).toEqual(
    [15, 60, 240, 1_440, 240, 60, 15].filter((one) => year.some(({ minutes }) => minutes === one)),
  );
});
