/**
 * Masks a call's own two numbers wherever they stand: in fields, a provider's text, a response of a receiver, the URL of a
 * recording. Only those two, because ids of users and providers look like numbers too.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { maskPhone } from '../../common/phone-number.js';

export const withMaskedNumbers = <T>(value: T, phones: readonly string[]): T => {
  const masks = phones.map((phone) => ({ pattern: patternOf(phone), mask: maskPhone(phone) }));
  const inText = (text: string): string => masks.reduce((rest, { pattern, mask }) => rest.replace(pattern, mask), text);
  return mapTexts(JSON.parse(JSON.stringify(value)), inText) as T;
};

/** Also the names of fields: a backend chooses those of its metadata. @param value from JSON */
const mapTexts = (value: unknown, inText: (text: string) => string): unknown => {
  if (typeof value === 'string') return inText(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, inText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [inText(name), mapTexts(item, inText)]));
};

const DIGIT = '[0-9０-９]';
/** `%20` and `%22` end in a digit that belongs to no number. */
const BEGIN = `(?:(?<!${DIGIT})|(?<=%[0-9a-f][0-9]))`;
/** Between two digits; in the query of a URL, a plus is a blank. */
const GAP = '(?:[ ().+\\p{Pd}]|%20|%2[89de]){0,2}';

/** As people and providers write it: with or without the country code or the prefix of national calls, with separators. */
const patternOf = (phone: string): RegExp => {
  const number = parsePhoneNumberFromString(phone);
  const { countryCallingCode, nationalNumber } = number ?? { countryCallingCode: '', nationalNumber: phone };
  const national = number?.formatNational().replace(/\D/g, '') ?? '';
  const prefix = (national.endsWith(nationalNumber) && national.slice(0, -nationalNumber.length)) || '0';
  const code = countryCallingCode && `(?:(?:\\+|00?)?${digitsOf(countryCallingCode)}${GAP})?(?:(?:0|${prefix})${GAP})?`;
  return new RegExp(`${BEGIN}\\+?${code}${digitsOf(nationalNumber)}(?!${DIGIT})(?:;ext=\\d{1,6})?`, 'giu');
};

/** Of any width. */
const digitsOf = (text: string): string =>
  Array.from(text, (digit) => `[${digit}${String.fromCodePoint(0xff10 + Number(digit))}]`).join(GAP);
