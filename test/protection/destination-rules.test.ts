import google from 'google-libphonenumber';
import { normalisePhone } from '../../src/common/phone-number.js';
import { readConfig } from '../../src/config/config.js';
import { lookAtDestination } from '../../src/protection/destination-rules.js';

const obstacle = (phone: string, environment: Readonly<Record<string, string>> = {}): string | null => {
  const stored = normalisePhone(phone, environment['PHONE_REGION'] ?? 'CN');
  if (stored === null) throw new Error(`${phone} is no number`);
  return lookAtDestination(stored, readConfig(environment)).obstacle;
};

const NETWORK = expect.stringMatching(/international network/) as unknown;
const TYPE = expect.stringMatching(/type that is not called/) as unknown;

it.each([
  ['a mobile', '13800138000'],
  ['a landline', '010-56469588'],
  ['a 400 number', '400-123-4567'],
  ['an 800 number', '800-123-4567'],
  ['a short number', '95588'],
])('allows %s of PHONE_REGION', (_, phone) => {
  expect(obstacle(phone)).toBeNull();
});

it.each([
  ['Hong Kong', '+852 6123 4567', 'HK'],
  ['the United Kingdom', '+44 20 7946 0000', 'GB'],
  ['Guernsey, which shares a code with the United Kingdom', '+44 7781 123456', 'GG'],
  ['Jamaica, which shares a code with the United States', '+1 876 555 1234', 'JM'],
])('refuses %s unless it is in ALLOWED_COUNTRIES', (_, phone, country) => {
  expect(obstacle(phone)).toBe(`The number belongs to ${country}, which is not in ALLOWED_COUNTRIES.`);
  expect(obstacle(phone, { ALLOWED_COUNTRIES: 'US,GB,JE,HK'.replace(country, 'CN') })).toContain(country);
  expect(obstacle(phone, { ALLOWED_COUNTRIES: `CN, ${country}` })).toBeNull();
  expect(obstacle(phone, { ALLOWED_COUNTRIES: '*' })).toBeNull();
});

const plans = google.PhoneNumberUtil.getInstance();
const { FIXED_LINE, MOBILE, TOLL_FREE } = google.PhoneNumberType;

it('allows the ordinary numbers of each country that is the only one in ALLOWED_COUNTRIES', () => {
  const examples = plans.getSupportedRegions().flatMap((region) =>
    [FIXED_LINE, MOBILE, TOLL_FREE].flatMap((type) => {
      const example = plans.getExampleNumberForType(region, type) as google.PhoneNumber | null;
      const phone = example && plans.format(example, google.PhoneNumberFormat.E164);
      // A few examples are of a plan that has changed since.
      return phone !== null && normalisePhone(phone, 'CN') !== null ? [{ region, phone }] : [];
    }),
  );
  const refused = examples.filter(({ region, phone }) => obstacle(phone, { ALLOWED_COUNTRIES: region }) !== null);

  expect(examples.length).toBeGreaterThan(600);
  expect(refused).toEqual([]);
});

it.each([
  ['Jamaica', '+1 876 555 1234', 'US,CA'],
  ['the Isle of Man', '+44 7624 123456', 'GB,GG'],
  ['Kazakhstan', '+7 701 234 5678', 'RU'],
])('does not take the number of %s %s for one of %s, with the same code', (_, phone, countries) => {
  expect(obstacle(phone, { ALLOWED_COUNTRIES: countries })).toContain('not in ALLOWED_COUNTRIES');
});

it.each(['951101', '95110', '12395', '+8653212395'])(
  'refuses the emergency number %s that is stored already, whatever the prefixes allow',
  (stored) => {
    expect(lookAtDestination(stored, readConfig({ ALLOWED_PREFIXES: '95,12,+86' })).obstacle).toContain(
      'emergency number',
    );
  },
);

it.each([
  ['Inmarsat', '+870 776 123 456', NETWORK],
  ['Globalstar', '+881 612 345 678', NETWORK],
  ['+883', '+883 5100 1234 5678', NETWORK],
  ['universal personal numbers', '+878 10 1234567890', NETWORK],
  ['a freephone number of no country', '+800 1234 5678', NETWORK],
  ['a British personal number', '+44 7012 345678', TYPE],
  ['a German shared-cost number', '+49 137 1234567', TYPE],
  ['a French shared-cost number', '+33 810 123 456', TYPE],
])('refuses %s even where every country is allowed', (_, phone, reason) => {
  expect(obstacle(phone, { ALLOWED_COUNTRIES: '*' })).toEqual(reason);
});

it('lets the longest matching prefix decide, before country and type', () => {
  const rules = { ALLOWED_PREFIXES: '+870,+44,+4420794', REFUSED_PREFIXES: '+4420, 955,+86' };
  expect(obstacle('+870 776 123 456', rules)).toBeNull();
  expect(obstacle('+44 7012 345678', rules)).toBeNull();
  expect(obstacle('+44 20 7946 0000', rules)).toBeNull();
  expect(obstacle('+44 20 8946 0000', rules)).toBe('The number begins with +4420, which is in REFUSED_PREFIXES.');
  expect(obstacle('95588', rules)).toBe('The number begins with 955, which is in REFUSED_PREFIXES.');
  expect(obstacle('13800138000', rules)).toContain('+86');
});

it.each([
  [{ ALLOWED_COUNTRIES: 'UK' }, 'ALLOWED_COUNTRIES: expected two-letter country codes'],
  [{ ALLOWED_COUNTRIES: 'CN,' }, 'ALLOWED_COUNTRIES: expected two-letter country codes'],
  [{ ALLOWED_PREFIXES: '0044' }, 'ALLOWED_PREFIXES: expected prefixes such as'],
  [{ REFUSED_PREFIXES: '+' }, 'REFUSED_PREFIXES: expected prefixes such as'],
  [{ ALLOWED_PREFIXES: '+44,+1', REFUSED_PREFIXES: '+1' }, 'expected no prefix in both'],
])('refuses %j at start', (environment, problem) => {
  expect(() => readConfig(environment)).toThrow(problem);
});

const emergencies = google.ShortNumberInfo.getInstance();

/** Google's data of short numbers, which has the emergency numbers of every country. */
const emergencyNumbersOf = (region: google.RegionCode): string[] =>
  [3, 4].flatMap((length) =>
    Array.from({ length: 10 ** length }, (_, number) => String(number).padStart(length, '0')).filter((text) =>
      emergencies.isEmergencyNumber(text, region),
    ),
  );

it('takes no emergency number of any country for a number that can be dialled', () => {
  const regions = plans.getSupportedRegions();
  const numbers = regions.flatMap((region) => emergencyNumbersOf(region).map((number) => ({ region, number })));
  const dialled = numbers.flatMap(({ region, number }) => {
    const code = plans.getCountryCodeForRegion(region);
    const international = [`+${code}${number}`, `00${code} ${number}`, `+${code} (0)${number}`];
    return [
      ...[number, `0${number}`, ...international].filter((written) => normalisePhone(written, region)),
      ...international.filter((written) => normalisePhone(written, 'CN')),
    ].map((written) => `${region} ${written}`);
  });

  expect(numbers.length).toBeGreaterThan(600);
  expect(dialled).toEqual([]);
});
