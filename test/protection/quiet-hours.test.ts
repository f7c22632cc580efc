import { isTimeZone } from '../../src/common/local-time.js';
import { readConfig } from '../../src/config/config.js';
import { readTimesOfDay } from '../../src/config/times-of-day.js';
import { PREFIXES_BY_ZONES } from '../../src/protection/phone-time-zones.js';
import { quietTime, timeZonesOf } from '../../src/protection/quiet-hours.js';

const NIGHT = readTimesOfDay('21:00-08:00')!;

const untilOf = (phone: string, now: string, quiet = NIGHT): string | null | undefined => {
  const found = quietTime(phone, 'CN', quiet, new Date(now));
  if (found?.leftSeconds === undefined) return found && 'never';
  return new Date(Date.parse(now) + found.leftSeconds * 1_000).toISOString();
};

it.each([
  ['+8613800138000', ['Asia/Shanghai']],
  ['95588', ['Asia/Shanghai']],
  ['+85221234567', ['Asia/Hong_Kong']],
  ['+493012345678', ['Europe/Berlin']],
  ['+12125550100', ['America/New_York']],
  ['+18085550100', ['Pacific/Honolulu']],
  // An exchange in the west of Indiana.
  ['+12192265550', ['America/Chicago']],
  ['+870773110000', []],
])('the zones of %s are %j', (phone, zones) => {
  expect(timeZonesOf(phone, 'CN')).toEqual(zones);
});

it('a mobile number of Russia has all zones of the country, as has a toll-free one of North America', () => {
  expect(timeZonesOf('+18005550100', 'CN')).toEqual(
    expect.arrayContaining(['America/New_York', 'Pacific/Honolulu', 'Pacific/Guam']),
  );
  expect(timeZonesOf('112', 'RU')).toEqual(expect.arrayContaining(['Europe/Moscow', 'Asia/Kamchatka']));
});

it('all zones of the data are known to this version of Node', () => {
  const zones = Object.keys(PREFIXES_BY_ZONES).flatMap((all) => all.split('&'));

  expect(zones.length).toBeGreaterThan(300);
  expect(zones.filter((zone) => !isTimeZone(zone))).toEqual([]);
});

describe('it is quiet', () => {
  it.each([
    ['+8613800138000', '2026-11-24T12:59:59Z', null],
    ['+8613800138000', '2026-11-24T13:00:00Z', '2026-11-25T00:00:00.000Z'],
    ['+8613800138000', '2026-11-24T23:59:59Z', '2026-11-25T00:00:00.000Z'],
    ['+8613800138000', '2026-11-25T00:00:00Z', null],
    // One zone, in winter and in summer.
    ['+12125550100', '2026-01-15T12:59:00Z', '2026-01-15T13:00:00.000Z'],
    ['+12125550100', '2026-01-15T13:00:00Z', null],
    ['+12125550100', '2026-07-15T11:59:00Z', '2026-07-15T12:00:00.000Z'],
    ['+12125550100', '2026-07-15T12:00:00Z', null],
    ['+493012345678', '2026-01-15T06:59:00Z', '2026-01-15T07:00:00.000Z'],
    ['+493012345678', '2026-07-15T05:59:00Z', '2026-07-15T06:00:00.000Z'],
    // The nights in which the clocks change.
    ['+12125550100', '2026-03-08T02:00:00Z', '2026-03-08T12:00:00.000Z'],
    ['+12125550100', '2026-11-01T01:00:00Z', '2026-11-01T13:00:00.000Z'],
    ['+493012345678', '2026-03-28T20:00:00Z', '2026-03-29T06:00:00.000Z'],
    ['+493012345678', '2026-10-24T19:00:00Z', '2026-10-25T07:00:00.000Z'],
    ['+870773110000', '2026-11-24T03:00:00Z', null],
  ])('for %s at %s until %s', (phone, now, until) => {
    expect(untilOf(phone, now)).toBe(until);
  });

  it('where any of several zones has it', () => {
    // Lisbon and the Azores, an hour apart: Portuguese mobiles.
    expect(untilOf('+351912345678', '2026-01-15T08:30:00Z')).toBe('2026-01-15T09:00:00.000Z');
    expect(quietTime('+351912345678', 'CN', NIGHT, new Date('2026-01-15T08:30:00Z'))).toMatchObject({
      timeZone: 'Atlantic/Azores',
      time: '07:30',
    });
    expect(untilOf('+351912345678', '2026-01-15T09:00:00Z')).toBeNull();
    expect(untilOf('+351912345678', '2026-01-15T21:00:00Z')).toBe('2026-01-16T09:00:00.000Z');
  });

  it('within one day too', () => {
    const noon = readTimesOfDay('12:00-14:00')!;
    expect(untilOf('+8613800138000', '2026-11-24T03:59:00Z', noon)).toBeNull();
    expect(untilOf('+8613800138000', '2026-11-24T04:00:00Z', noon)).toBe('2026-11-24T06:00:00.000Z');
    expect(untilOf('+8613800138000', '2026-11-24T06:00:00Z', noon)).toBeNull();
  });

  it('for ever where some zone always has it', () => {
    expect(untilOf('+18005550100', '2026-11-24T03:59:00Z', readTimesOfDay('12:00-11:00')!)).toBe('never');
  });
});

it.each(['21:00', '21-8', '21:00-24:01', '21:00-21:00', '00:00-24:00', '9:00-18:00', 'off'])(
  'QUIET_HOURS refuses %s',
  (text) => {
    expect(() => readConfig({ QUIET_HOURS: text })).toThrow(
      'QUIET_HOURS: expected two times of day such as 21:00-08:00',
    );
  },
);
