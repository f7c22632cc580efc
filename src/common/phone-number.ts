import {
  getCountryCallingCode,
  parsePhoneNumberFromString,
  type CountryCode,
  type PhoneNumberType,
} from 'libphonenumber-js/max';
import { chinaNationalForm, isChinaShortNumber, withoutChinaCode } from './china-numbers.js';

/**
 * Without this, the app could sooner or later connect another person's phone to the emergency services. 110, 119, 120
 * and similar numbers are invalid anyway. Coast guard and sea rescue look like ordinary service numbers, and are also
 * reachable with an area code. No service has a longer number that begins with the coast guard's 95110.
 */
const EMERGENCY_NUMBER = /^(?:\+86\d{2,3})?(?:95110\d*|12395)$/;

/** @param phone in the form in which it is stored */
export const isEmergencyNumber = (phone: string): boolean => EMERGENCY_NUMBER.test(phone);

/** In code points, as people count characters. */
const LONGEST_WRITTEN = 40;

/** The characters that people write around digits. Letters are refused: they hide extensions and typed words. */
const WRITTEN_NUMBER = /^\(?\+?[\d ().\p{Pd}]{3,40}$/u;

/**
 * Invisible characters of pasted contacts. The right-to-left override (U+202E) is not included: it displays the digits
 * in another order than they are dialled.
 */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202d\u2060-\u2064\u2066-\u2069\ufeff]/gu;

/** Footnotes and digits in circles (`95588¹`, `95588①`) are beside a number. NFKC would join them to it. */
const BESIDE_DIGITS = /\p{No}/u;

/** In Germany and Austria a hyphen precedes the direct dial-in digits (DIN 5008), which are part of the number. */
const HYPHEN_JOINS = /^\+4[39]/;
const SHORT_END = /\p{Pd}\d{1,2}$/u;

export interface DialledPhone {
  /** As normalisePhone returns it. */
  readonly number: string;
  /** Digits that a switchboard takes after its answer. */
  readonly extension: string | null;
}

/** Six digits at most: a longer run after a separator is more likely a second number. */
const MARKED_EXTENSION = /^(.*?)\s*(?:;\s*ext=|,+|#|ext(?:ension)?[.:]?|x|[转轉](?:分[机機])?|分[机機])\s*(\d{1,6})$/iu;
const HYPHENED_EXTENSION = /^(.*\d)\p{Pd}(\d{1,6})$/u;

/**
 * A number with or without an extension, such as `010-56469588转8001`, `+861056469588;ext=8001` (RFC 3966) or `95588-1`. After a
 * hyphen, digits are an extension only if the number before them is complete. Null if the number cannot be dialled.
 * @param region two-letter country code for numbers without a country code
 */
export const readPhone = (text: string, region: string): DialledPhone | null => {
  const written = cleaned(text);
  if (written === null) return null;
  const marked = MARKED_EXTENSION.exec(written);
  if (marked) return withNumber(marked, region);
  const number = normalisePhone(written, region);
  if (number !== null) return { number, extension: null };
  const hyphened = HYPHENED_EXTENSION.exec(written);
  const phone = hyphened && withNumber(hyphened, region);
  return phone && HYPHEN_JOINS.test(phone.number) ? null : phone;
};

const withNumber = ([, before = '', extension = '']: RegExpExecArray, region: string): DialledPhone | null => {
  const number = normalisePhone(before, region);
  return number === null ? null : { number, extension };
};

const EXTENSION_MARK = ';ext=';

/** In the form of RFC 3966, which `readPhone` reads. */
export const writtenPhone = (number: string, extension: string | null): string =>
  extension === null ? number : `${number}${EXTENSION_MARK}${extension}`;

/**
 * Normalises a phone number to the form that is stored and dialled: E.164, or the national digits of a short service
 * number. Null if it cannot be dialled. Premium-rate numbers are refused, because a stolen token could turn them into
 * money, and so are numbers with an extension.
 * @param region two-letter country code for numbers without a country code
 */
export const normalisePhone = (text: string, region: string): string | null => {
  const written = readWritten(text);
  if (written === null) return null;
  const number = joined(written, region);
  return number === null || hasExtension(written, number, region) ? null : number;
};

/** Whether the text looks like a phone number of any region. */
export const isWrittenPhone = (text: unknown): text is string => typeof text === 'string' && readWritten(text) !== null;

/**
 * Chinese keyboards write full-width digits, brackets and dashes, hence NFKC. The length is checked first, because NFKC
 * takes quadratic time for a run of combining marks.
 */
const cleaned = (text: string): string | null => {
  // A code point has at most two code units, so the second check never runs on a long text.
  if (text.length > 2 * LONGEST_WRITTEN || Array.from(text).length > LONGEST_WRITTEN) return null;
  if (BESIDE_DIGITS.test(text)) return null;
  return text.normalize('NFKC').replace(INVISIBLE, '').trim();
};

const readWritten = (text: string): string | null => {
  const written = cleaned(text);
  return written !== null && WRITTEN_NUMBER.test(written) ? written : null;
};

/** The number if all its digits are read as one. */
const joined = (written: string, region: string): string | null => {
  const digits = written.replace(/[^\d+]/g, '');
  const number =
    region === 'CN' && isChinaShortNumber(withoutChinaCode(digits))
      ? withoutChinaCode(digits)
      : internationalForm(digits, region);
  return number === null || isEmergencyNumber(number) ? null : number;
};

/**
 * `95588-1` is extension 1 of a number, and 955881 is another number. So the part before a separator must not be a
 * valid number. Numbers abroad often have several valid lengths and are written in groups. For them, only one or two
 * digits after a last hyphen count as an extension.
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

export type NumberType = PhoneNumberType;

interface Numbering {
  /** Two letters of ISO 3166; undefined for a number without a country, such as +800. */
  readonly country: string | undefined;
  /** Undefined if the numbering plan does not tell it. */
  readonly type: NumberType | undefined;
}

/** @param region of national numbers */
export const numberingOf = (phone: string, region: string): Numbering => {
  if (!phone.startsWith('+')) return { country: region, type: undefined };
  const number = parsePhoneNumberFromString(phone);
  return { country: number?.country, type: number?.getType() };
};

/** @param region of national numbers */
export const countryOf = (phone: string, region: string): string | undefined => numberingOf(phone, region).country;

/** @param region two letters of ISO 3166 */
export const callingCodeOf = (region: string): string => getCountryCallingCode(region as CountryCode);

/**
 * Countries that share a code share some numbers: +1 800 is valid in Canada as in the United States, and Norway's mobiles in
 * Svalbard. `numberingOf` names one country alone.
 * @param country two letters of ISO 3166
 */
export const isValidIn = (phone: string, country: string): boolean => {
  const number = parsePhoneNumberFromString(phone);
  if (number?.countryCallingCode !== callingCodeOf(country)) return false;
  number.country = country as CountryCode;
  return number.isValid();
};

/** For logs, and for screens where the number is not the subject: 138****5678. No digit of an extension is shown. */
export const maskPhone = (phone: string): string => {
  const [number = '', extension] = phone.split(EXTENSION_MARK);
  return writtenPhone(maskNumber(number), extension === undefined ? null : '****');
};

const maskNumber = (number: string): string => {
  const shown = number.replace(/^\+86(?=1\d{10}$)/, '');
  if (shown.length < 8) return `${shown.slice(0, 2)}****`;
  return `${shown.slice(0, 3)}****${shown.slice(-4)}`;
};

/** E.164 has at most 15 digits; call ids have more. */
const NUMBER_IN_TEXT = /(?<![\d０-９])[+＋]?[\d０-９]{7,15}(?![\d０-９])(?:;ext=\d{1,6})?/g;

/** As people write them: a number with its country code, or a mobile of China. Other groups of digits may be anything. */
const NUMBER_IN_GROUPS =
  /(?<![\w０-９])(?:[+＋](?=\d+[ ().-])[1-9](?:[ ().-]{0,2}\d){6,14}|1[3-9]\d[ -]\d{4}[ -]?\d{4}|1[3-9]\d{5}[ -]\d{4})(?![\d０-９])(?:;ext=\d{1,6})?/g;

/** For text from outside that may contain phone numbers, also in the full-width digits of Chinese keyboards. */
export const maskPhonesIn = (text: string): string =>
  text
    .replace(NUMBER_IN_GROUPS, (number) => maskPhone(number.replace(/[ ().-]/g, '')))
    .replace(NUMBER_IN_TEXT, maskPhone);
