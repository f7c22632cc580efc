import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import { chinaNationalForm, isChinaShortNumber, withoutChinaCode } from './china-numbers.js';

/**
 * An app that could have somebody else's phone ring the emergency services would sooner or later do so. 110, 119, 120 and
 * their like are no valid numbers anyway; the coast guard and rescue at sea look like ordinary service numbers, and are
 * reached behind an area code too.
 */
const EMERGENCY_NUMBER = /^(?:\+86\d{2,3})?(?:95110|12395)$/;

/** In code points, as people count characters. */
const LONGEST_WRITTEN = 40;

/** What people write around digits. Letters are refused: they hide extensions, and words that somebody typed. */
const WRITTEN_NUMBER = /^\(?\+?[\d ().\p{Pd}]{3,40}$/u;

/**
 * Contacts are pasted with these. The right-to-left override (U+202E) is not among them: it shows the digits in another
 * order than the one in which they are dialled.
 */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202d\u2060-\u2064\u2066-\u2069\ufeff]/gu;

/** In Germany and Austria a hyphen stands before the direct dial-in digits (DIN 5008), which are part of the number. */
const HYPHEN_JOINS = /^\+4[39]/;
const SHORT_END = /\p{Pd}\d{1,2}$/u;

/**
 * A phone number in the one form in which it is stored and dialled: E.164, or the national digits of a short service
 * number. Null where it is no number that can be dialled; nor are premium-rate numbers, because a stolen token would
 * turn each of them into money; nor is a number with an extension.
 * @param region two-letter code of the country for numbers written without a country code
 */
export const normalisePhone = (text: string, region: string): string | null => {
  const written = readWritten(text);
  if (written === null) return null;
  const number = joined(written, region);
  return number === null || hasExtension(written, number, region) ? null : number;
};

/** Whether it looks like a number at all, in whatever region. */
export const isWrittenPhone = (text: unknown): text is string => typeof text === 'string' && readWritten(text) !== null;

/**
 * Chinese keyboards write full-width digits, brackets and dashes. The length is checked first: NFKC takes quadratic time for
 * a run of combining marks.
 */
const readWritten = (text: string): string | null => {
  // No code point has more than two code units, so that the second look is never at a long text.
  if (text.length > 2 * LONGEST_WRITTEN || Array.from(text).length > LONGEST_WRITTEN) return null;
  const written = text.normalize('NFKC').replace(INVISIBLE, '').trim();
  return WRITTEN_NUMBER.test(written) ? written : null;
};

/** The number that its digits make when they are read as one. */
const joined = (written: string, region: string): string | null => {
  const digits = written.replace(/[^\d+]/g, '');
  const number =
    region === 'CN' && isChinaShortNumber(withoutChinaCode(digits))
      ? withoutChinaCode(digits)
      : internationalForm(digits, region);
  return number === null || EMERGENCY_NUMBER.test(number) ? null : number;
};

/**
 * `95588-1` is the extension 1 of a number, and 955881 is another number. So no number may stand before a separator. Numbers
 * abroad often have several valid lengths and are written in groups; there only one or two digits after a last hyphen are
 * taken for an extension.
 */
const hasExtension = (written: string, number: string, region: string): boolean => {
  const isOfChina = !number.startsWith('+') || number.startsWith('+86');
  if (!isOfChina && (HYPHEN_JOINS.test(number) || !SHORT_END.test(written))) return false;
  const ends = isOfChina ? [...written.matchAll(/\d(?=[^\d])/g)] : [...written.matchAll(/\d(?=\p{Pd}\d{1,2}$)/gu)];
  return ends.some(({ index }) => joined(written.slice(0, index + 1), region) !== null);
};

/** @param digits with a leading plus, if any */
const internationalForm = (digits: string, region: string): string | null => {
  const written = region === 'CN' && digits.startsWith('086') ? `+86${withoutChinaCode(digits)}` : digits;
  const number = parsePhoneNumberFromString(written, { defaultCountry: region as CountryCode, extract: false });
  if (!number || number.getType() === 'PREMIUM_RATE') return null;
  return number.isValid() || chinaNationalForm(number.number) !== null ? number.number : null;
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

/** E.164 has at most 15 digits; ids of calls have more. */
const NUMBER_IN_TEXT = /(?<!\d)\+?\d{7,15}(?!\d)/g;

/** For a text of others that may repeat phone numbers. */
export const maskPhonesIn = (text: string): string => text.replace(NUMBER_IN_TEXT, maskPhone);
