import fc from 'fast-check';
import { isOpenAt, openingHoursRule, WEEKDAYS, type OpeningHours } from '../../src/directory/opening-hours.js';

const every = (...ranges: string[]): OpeningHours['week'] => Object.fromEntries(WEEKDAYS.map((day) => [day, ranges]));

const open = (hours: OpeningHours, at: string): boolean => isOpenAt(hours, new Date(at));

describe('a line', () => {
  it('without hours is always open', () => {
    expect(isOpenAt(null, new Date())).toBe(true);
  });

  it('is open on its weekdays, from the first minute of a range to before the last, by the clock of its zone', () => {
    const hours = { timeZone: 'Asia/Shanghai', week: { tuesday: ['09:00-12:00', '13:30-18:00'] } };
    // 2026-11-24 is a Tuesday.
    const at = (time: string, date = '2026-11-24'): boolean => open(hours, `${date}T${time}+08:00`);

    expect(['08:59:59', '12:00:00', '13:29:59', '18:00:00', '00:00:00'].map((time) => at(time))).toEqual(
      Array(5).fill(false),
    );
    expect(['09:00:00', '11:59:59', '13:30:00', '17:59:59'].map((time) => at(time))).toEqual(Array(4).fill(true));
    expect([at('10:00:00', '2026-11-23'), at('10:00:00', '2026-11-25')]).toEqual([false, false]);
  });

  it('counts a range over midnight to the day on which it begins', () => {
    const hours = { timeZone: 'Europe/Berlin', week: { saturday: ['22:00-02:00'] }, holidays: ['2026-11-29'] };
    // 2026-11-28 is a Saturday, and the next day a holiday.
    expect(open(hours, '2026-11-28T21:59:00+01:00')).toBe(false);
    expect(open(hours, '2026-11-28T01:00:00+01:00')).toBe(false);
    expect(open(hours, '2026-11-28T22:00:00+01:00')).toBe(true);
    expect(open(hours, '2026-11-29T01:59:00+01:00')).toBe(true);
    expect(open(hours, '2026-11-29T02:00:00+01:00')).toBe(false);
    expect(open({ ...hours, holidays: ['2026-11-28'] }, '2026-11-29T01:00:00+01:00')).toBe(false);
  });

  it('is closed on a holiday of its own zone', () => {
    const hours = { timeZone: 'America/New_York', week: every('00:00-24:00'), holidays: ['2026-12-25'] };
    expect(open(hours, '2026-12-25T04:59:00Z')).toBe(true);
    expect(open(hours, '2026-12-25T05:00:00Z')).toBe(false);
    expect(open(hours, '2026-12-26T04:59:59Z')).toBe(false);
    expect(open(hours, '2026-12-26T05:00:00Z')).toBe(true);
  });

  it.each([
    // The clock goes from 02:00 to 03:00.
    ['America/New_York', '2026-03-08T06:59:00Z', '2026-03-08T07:00:00Z', '2026-03-08T08:00:00Z'],
    ['Europe/Berlin', '2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'],
  ])('opens in %s at 03:00 when the clock skips the hour in which it would open', (timeZone, before, first, end) => {
    const hours = { timeZone, week: { sunday: ['02:30-04:00'] } };
    expect([before, first, end].map((at) => open(hours, at))).toEqual([false, true, false]);
  });

  it.each([
    // The clock goes from 02:00 back to 01:00, or from 03:00 to 02:00.
    ['America/New_York', '01:00-02:00', '2026-11-01T05:00:00Z', '2026-11-01T06:59:00Z', '2026-11-01T07:00:00Z'],
    ['Europe/Berlin', '02:00-03:00', '2026-10-25T00:00:00Z', '2026-10-25T01:59:00Z', '2026-10-25T02:00:00Z'],
  ])('is open in %s for both hours that the clock shows as %s', (timeZone, range, first, last, end) => {
    const hours = { timeZone, week: { sunday: [range] } };
    expect([first, last, end].map((at) => open(hours, at))).toEqual([true, true, false]);
  });

  it('opens at the same time of day in summer and in winter', () => {
    const berlin = { timeZone: 'Europe/Berlin', week: every('09:00-18:00') };
    expect([open(berlin, '2026-07-01T07:00:00Z'), open(berlin, '2026-07-01T06:59:00Z')]).toEqual([true, false]);
    expect([open(berlin, '2026-12-01T08:00:00Z'), open(berlin, '2026-12-01T07:59:00Z')]).toEqual([true, false]);
  });

  it('has the same hours in all zones that do not change their clocks', () => {
    const times = fc.integer({ min: 0, max: 1439 });
    const shown = (minute: number): string =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(times, times, fc.constantFrom(...WEEKDAYS), fc.nat(7 * 1440 - 1), (from, to, day, minute) => {
        fc.pre(from !== to);
        const week = { [day]: [`${shown(from)}-${shown(to)}`] };
        // 2026-11-22 is a Sunday.
        const at = new Date(Date.parse('2026-11-22T00:00:00+08:00') + minute * 60_000);
        const begin = WEEKDAYS.indexOf(day) * 1440 + from;
        const lasts = (to - from + 1440) % 1440;
        const expected = (minute - begin + 7 * 1440) % (7 * 1440) < lasts;
        expect(isOpenAt({ timeZone: 'Asia/Shanghai', week }, at)).toBe(expected);
      }),
    );
  });
});

describe('the rule of hours', () => {
  const HOURS = { timeZone: 'Asia/Shanghai', week: { monday: ['09:00-18:00'] }, holidays: ['2026-10-01'] };

  it.each([
    ['null', null],
    ['hours without holidays', { timeZone: 'Europe/Berlin', week: { sunday: ['00:00-24:00'] } }],
    ['all days and ranges that touch', { ...HOURS, week: every('00:00-12:00', '12:00-24:00') }],
    ['a range to midnight, and one from it', { ...HOURS, week: { monday: ['22:00-00:00'], tuesday: ['00:00-02:00'] } }],
    ['a day without ranges', { ...HOURS, week: { monday: [], friday: ['09:00-18:00'] } }],
    ['a leap day', { ...HOURS, holidays: ['2028-02-29'] }],
    ['UTC', { ...HOURS, timeZone: 'UTC' }],
    ['a zone with three parts', { ...HOURS, timeZone: 'America/Argentina/Buenos_Aires' }],
    ['a zone in the other hemisphere', { ...HOURS, timeZone: 'America/Port-au-Prince' }],
  ])('accepts %s', (_what, hours) => {
    expect(openingHoursRule(hours)).toBeNull();
  });

  it.each([
    ['a text', '09:00-18:00', /^must be an object such as/],
    ['a list', [], /^must be an object such as/],
    ['another field', { ...HOURS, weekdays: {} }, /^must have no other fields/],
    ['no zone', { week: HOURS.week }, /timeZone/],
    ['an unknown zone', { ...HOURS, timeZone: 'Asia/Chengdu' }, /timeZone/],
    ['an offset', { ...HOURS, timeZone: '+08:00' }, /timeZone/],
    ['an abbreviation of no zone', { ...HOURS, timeZone: 'XYZ' }, /timeZone/],
    ['no week', { timeZone: 'UTC' }, /week/],
    ['another day', { ...HOURS, week: { feiertag: ['09:00-18:00'] } }, /sunday, monday/],
    ['a week without ranges', { ...HOURS, week: { monday: [] } }, /set open to false/],
    ['one range as a text', { ...HOURS, week: { monday: '09:00-18:00' } }, /week\.monday must be a list/],
    ['a time over 24:00', { ...HOURS, week: { monday: ['09:00-18:00', '18:30-24:30'] } }, /week\.monday\[1\]/],
    ['a range from 24:00', { ...HOURS, week: { monday: ['24:00-02:00'] } }, /week\.monday\[0\]/],
    ['a time without its zero', { ...HOURS, week: { friday: ['9:00-18:00'] } }, /week\.friday\[0\]/],
    ['a range without length', { ...HOURS, week: { friday: ['09:00-09:00'] } }, /00:00-24:00 for the whole day/],
    ['ranges that overlap', { ...HOURS, week: { friday: ['13:00-18:00', '09:00-13:01'] } }, /overlap, as on friday/],
    ['a range twice', { ...HOURS, week: { friday: ['09:00-18:00', '09:00-18:00'] } }, /overlap, as on friday/],
    [
      'a range over midnight and one of the next day',
      { ...HOURS, week: { saturday: ['22:00-02:00'], sunday: ['01:59-05:00'] } },
      /overlap, as on sunday/,
    ],
    ['holidays as a text', { ...HOURS, holidays: '2026-10-01' }, /holidays must be a list/],
    ['a day that does not exist', { ...HOURS, holidays: ['2026-10-01', '2026-02-29'] }, /holidays\[1\]/],
    ['a date of another form', { ...HOURS, holidays: ['01.10.2026'] }, /holidays\[0\]/],
  ])('refuses %s', (_what, hours, fault) => {
    expect(openingHoursRule(hours)).toMatch(fault);
  });
});
