import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/**
 * Numbers that only a country's own network knows and that have no international form. China: 95xxx and 95xxxx service
 * numbers of banks, insurers and carriers, 96xxx to 96xxxxxx provincial ones (MIIT numbering plan), and 400, whose
 * country code makes a number that nobody abroad can dial but that libphonenumber knows.
 */
const NATIONAL_NUMBERS: Readonly<Record<string, RegExp>> = { CN: /^(?:95\d{3,6}|96\d{3,6}|1\d{4}|12\d{3})$/ };

/**
 * A phone number in the one form in which it is stored and dialled: E.164, or the national digits of a short service
 * number. Null where it is no number that can be dialled.
 * @param region two-letter code of the country for numbers written without a country code
 */
export const normalisePhone = (text: string, region: string): string | null => {
  const digits = text.replace(/[\s()-]/g, '');
  if (NATIONAL_NUMBERS[region]?.test(digits)) return digits;
  const number = parsePhoneNumberFromString(text, region as CountryCode);
  return number?.isValid() && !number.ext ? number.number : null;
};

/** For logs and screens that are not about the number itself: 138****5678. */
export const maskPhone = (phone: string): string => {
  const shown = phone.replace(/^\+86(?=1\d{10}$)/, '');
  if (shown.length < 8) return `${shown.slice(0, 2)}****`;
  return `${shown.slice(0, 3)}****${shown.slice(-4)}`;
};
