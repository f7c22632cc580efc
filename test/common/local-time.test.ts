import { isTimeZone } from '../../src/common/local-time.js';

/** ICU takes the names in any case. */
const spelling = (n: number): string =>
  Array.from('America/Indiana/Indianapolis')
    .map((letter, index) => (index > 0 && (n >> index) & 1 ? letter.toUpperCase() : letter))
    .join('');

it.each(['Asia/Shanghai', 'UTC', 'EST5EDT', 'GMT0', 'W-SU', 'Etc/GMT+8', 'America/Port-au-Prince'])(
  'knows the zone %s, as the IANA database names it',
  (name) => {
    expect(isTimeZone(name)).toBe(true);
  },
);

it.each(['+08:00', '08:00', 'Asia/Nowhere', '', 'asia/Shanghai '])('knows no zone %j', (name) => {
  expect(isTimeZone(name)).toBe(false);
});

it('keeps a bounded number of clocks, however many spellings of a zone are sent', () => {
  for (let n = 0; n < 8_000; n++) expect(isTimeZone(spelling(2 * n))).toBe(true);
  const make = jest.spyOn(Intl, 'DateTimeFormat');

  expect(isTimeZone(spelling(0))).toBe(true);
  expect(make).toHaveBeenCalledTimes(1);
  expect(isTimeZone(spelling(2 * 7_999))).toBe(true);
  expect(make).toHaveBeenCalledTimes(1);
  make.mockRestore();
});
