import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/**
 * Service numbers that only a country's own network knows: they have no international form, so libphonenumber calls them
 * invalid. China (MIIT numbering plan): 95 banks, insurers and carriers; 96 provincial services; 100xx the carriers'
 * own; 123xx public services. 400 and 1010 numbers do have a form with +86 and need no line here.
 */
const NATIONAL_NUMBERS: Readonly<Record<string, RegExp>> = { CN: /^(?:9[56]\d{3,6}|100\d{2}|123\d{2})$/ };

/**
 * An app that could have somebody else's phone ring the emergency services would sooner or later do so. 110, 119, 120 and
 * their like are no valid numbers anyway; the coast guard and rescue at sea look like ordinary service numbers, and are
 * reached behind an area code too.
 */
const EMERGENCY_NUMBER = /^(?:\+86\d{2,3})?(?:95110|12395)$/;

/** What people write around digits. Letters are refused: they hide extensions, and words that somebody typed. */
const WRITTEN_NUMBER = /^\+?[\d ().\p{Pd}]{3,40}$/u;

/**
 * A phone number in the one form in which it is stored and dialled: E.164, or the national digits of a short service
 * number. Null where it is no number that can be dialled; nor are premium-rate numbers, because a stolen token would
 * turn each of them into money.
 * @param region two-letter code of the country for numbers written without a country code
 */
export const normalisePhone = (text: string, region: string): string | null => {
  const written = halfWidth(text);
  if (!WRITTEN_NUMBER.test(written)) return null;

  const digits = written.replace(/[^\d+]/g, '');
  const normalised = NATIONAL_NUMBERS[region]?.test(digits) ? digits : internationalForm(written, region);
  return normalised && !EMERGENCY_NUMBER.test(normalised) ? normalised : null;
};

/** Whether it looks like a number at all, in whatever region. */
export const isWrittenPhone = (text: unknown): text is string =>
  typeof text === 'string' && WRITTEN_NUMBER.test(halfWidth(text));

/** Chinese keyboards write full-width digits, brackets and dashes. */
const halfWidth = (text: string): string => text.normalize('NFKC').trim();

const internationalForm = (written: string, region: string): string | null => {
  const number = parsePhoneNumberFromString(written, { defaultCountry: region as CountryCode, extract: false });
  return number?.isValid() && number.getType() !== 'PREMIUM_RATE' ? number.number : null;
};

/** Two letters of ISO 3166; undefined for a number of no country, such as +800. @param region of national numbers */
export const countryOf = (phone: string, region: string): string | undefined =>
  phone.startsWith('+') ? parsePhoneNumberFromString(phone)?.country : region;

/** For logs and screens that are not about the number itself: 138****5678. */
export const maskPhone = (phone: string): string => {
  const shown = phone.replace(/^\+86(?=1\d{10}$)/, '');
  if (shown.length < 8) return `${shown.slice(0, 2)}****`;
  return `${shown.slice(0, 3)}****${shown.slice(-4)}`;
};
