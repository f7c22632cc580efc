/**
 * Masks a call's own two numbers wherever they stand: in fields, a provider's text, a response of a receiver, the URL of a
 * recording. Only those two, because ids of users and providers look like numbers too.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { maskPhone } from '../../common/phone-number.js';

export const withMaskedNumbers = <T>(value: T, phones: readonly string[]): T => {
  const masks = phones.map((phone) => ({ pattern: patternOf(phone), mask: maskPhone(phone) }));
  const inText = (text: string): string => masks.reduce((rest, { pattern, mask }) => rest.replace(pattern, mask), text);
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => (typeof part === 'string' ? inText(part) : part)) as T;
};

/** As people and providers write it: with or without the country code, with separators. */
const patternOf = (phone: string): RegExp => {
  const { countryCallingCode = '', nationalNumber = phone } = parsePhoneNumberFromString(phone) ?? {};
  const code = countryCallingCode && `(?:(?:\\+|00)?${countryCallingCode}[ .-]?)?0?`;
  return new RegExp(`(?<!\\d)\\+?${code}${Array.from(nationalNumber, escaped).join('[ ().-]{0,2}')}(?!\\d)`, 'g');
};

const escaped = (character: string): string => character.replace(/\W/, '\\$&');
