/**
 * Masks phone numbers in what is shown. A call's own numbers are found in any notation; other numbers by their digits, but not in
 * ids, which look like numbers too.
 */
import { LRUCache } from 'lru-cache';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { mapInTurns } from './next-turn.js';
import { maskPhone, maskPhonesIn } from './phone-number.js';

/** Of a call's own numbers, wherever they stand: in fields, a provider's text, a response of a receiver, the URL of a recording. */
export const withMaskedNumbers = <T>(value: T, phones: readonly string[]): T => {
  const inText = maskingOf(phones);
  return mapTexts(value, (_name, text) => inText(text)) as T;
};

/** The fields that have a phone and nothing else. */
const PHONE_FIELDS: ReadonlySet<string> = new Set([
  'phone',
  'callerPhone',
  'calleePhone',
  'huntedPhones',
  'toCaller',
  'toCallee',
]);
/** Ids that may be a text of your own: a number in it is masked, a text of digits is the id of a user. */
const NAMING_FIELDS = /^(?:subject|subAccount|(?:placed|asked|frozen|created)By|\w*[eE]xternalId)$/;
const ID_FIELDS = /^(?:id|next|after|first|last|target|prefix|key|secret)$|(?:Id|Ids|Sid)$/;
const DIGITS_ALONE = /^\d+$/;
/** Of budgets. A million has as many digits as a phone number. */
const AMOUNT_FIELDS: ReadonlySet<string> = new Set(['amount', 'settled', 'reserved', 'left']);
const AMOUNT = /^\d{1,12}(?:\.\d{1,6})?$/;
/** Not within a UUID. */
const STANDING_ALONE = /(?<![\w-])\+?\d{7,15}(?![\w-])/g;

/** For one who may not see whole numbers. @param item from a list, or alone: the phones in it are found in all its texts */
export const withoutNumbers = <T>(item: T): T => mapTexts(item, maskingIn(item)) as T;

/** Likewise of one that may have long lists: between their items, other requests get turns. */
export const withoutNumbersInTurns = async <T extends object>(item: T): Promise<T> => {
  const inText = maskingIn(item);
  const fields: [string, unknown][] = [];
  for (const [field, value] of Object.entries(item)) {
    const masked = (one: unknown): unknown => mapTexts(one, inText, field);
    fields.push([field, Array.isArray(value) ? await mapInTurns(value, masked) : masked(value)]);
  }
  return Object.fromEntries(fields) as T;
};

const maskingIn = (item: unknown): InText => {
  const ofItem = maskingOf([...phonesIn(item)]);
  return (name, text) => {
    if (!ANY_DIGIT.test(text)) return text;
    if (PHONE_FIELDS.has(name)) return maskPhone(text);
    if (AMOUNT_FIELDS.has(name) && AMOUNT.test(text)) return text;
    const isNaming = NAMING_FIELDS.test(name);
    if ((isNaming || ID_FIELDS.test(name)) && DIGITS_ALONE.test(text)) return text;
    const masked = ofItem(text);
    if (isNaming) return masked.replace(STANDING_ALONE, maskPhone);
    return ID_FIELDS.test(name) ? masked : maskPhonesIn(masked);
  };
};

/** Not one that is masked already. */
const STORED_PHONE = /^(\+?\d+)(?:;ext=\d+)?$/;

const phonesIn = (item: unknown, found = new Set<string>(), inField = ''): Set<string> => {
  if (typeof item !== 'object' || item === null) return found;
  for (const [field, value] of Object.entries(item)) {
    const name = Array.isArray(item) ? inField : field;
    const [, number] = (PHONE_FIELDS.has(name) && typeof value === 'string' && STORED_PHONE.exec(value)) || [];
    if (number !== undefined) found.add(number);
    else phonesIn(value, found, name);
  }
  return found;
};

type InText = (name: string, text: string) => string;

/** As JSON has the value. Also the names of fields: a backend chooses those of its metadata. */
const mapTexts = (given: unknown, inText: InText, name = ''): unknown => {
  const value = given instanceof Date ? given.toJSON() : given;
  if (typeof value === 'string') return inText(name, value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, inText, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) => [inText('', field), mapTexts(item, inText, nameIn(name, field))]),
  );
};

/** Nothing in the metadata is an id of ours, whatever its name. */
const nameIn = (parent: string, field: string): string =>
  parent === 'metadata' && !PHONE_FIELDS.has(field) ? '' : field;

/** Of a pattern, which takes milliseconds to make, and a hundred kilobytes. */
const patterns = new LRUCache<string, RegExp>({ max: 100 });

const patternFor = (phone: string): RegExp => {
  const pattern = patterns.get(phone) ?? patternOf(phone);
  patterns.set(phone, pattern);
  return pattern;
};

const LONGEST_COUNTRY_CODE = 3;
/** No number abroad has fewer, and more than the most make no difference. */
const [FEWEST_DIGITS, ENOUGH_DIGITS] = [4, 8];

/** Digits at the end of a phone that each way to write it has. */
const endOf = (phone: string): string => {
  if (!phone.startsWith('+')) return phone;
  const national = phone.length - 1 - LONGEST_COUNTRY_CODE;
  return phone.slice(-Math.max(FEWEST_DIGITS, Math.min(ENOUGH_DIGITS, national)));
};

const ESCAPED = /%[0-9a-f]{2}/gi;

const maskingOf = (phones: readonly string[]): ((text: string) => string) => {
  const sought = phones.map((phone) => ({ phone, end: endOf(phone) }));
  return (text) => {
    if (!ANY_DIGIT.test(text)) return text;
    const digits = narrow(text).replace(ESCAPED, '').replace(/\D/g, '');
    return sought
      .filter(({ end }) => digits.includes(end))
      .reduce((rest, { phone }) => rest.replace(patternFor(phone), maskPhone(phone)), text);
  };
};

const ANY_DIGIT = /[0-9０-９]/;
const narrow = (text: string): string =>
  text.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));

const DIGIT = '[0-9０-９]';
/** `%20` and `%22` end in a digit that belongs to no number. */
const BEGIN = `(?:(?<!${DIGIT})|(?<=%[0-9a-fA-F][0-9]))`;
/** All dashes (\p{Pd}), which take half the time to compile when they are listed. */
const DASHES =
  '\\-\\u058a\\u05be\\u1400\\u1806\\u2010-\\u2015\\u2e17\\u2e1a\\u2e3a\\u2e3b\\u2e40\\u2e5d\\u301c\\u3030\\u30a0\\ufe31\\ufe32\\ufe58\\ufe63\\uff0d';
/** Between two digits; in the query of a URL, a plus is a blank. */
const GAP = `(?:[ ().+${DASHES}]|%20|%2[89deDE]){0,2}`;

/** As people and providers write it: with or without the country code or the prefix of national calls, with separators. */
const patternOf = (phone: string): RegExp => {
  const number = parsePhoneNumberFromString(phone);
  const { countryCallingCode, nationalNumber } = number ?? { countryCallingCode: '', nationalNumber: phone };
  const national = number?.formatNational().replace(/\D/g, '') ?? '';
  const prefix = (national.endsWith(nationalNumber) && national.slice(0, -nationalNumber.length)) || '0';
  const code = countryCallingCode && `(?:(?:\\+|00?)?${digitsOf(countryCallingCode)}${GAP})?(?:(?:0|${prefix})${GAP})?`;
  return new RegExp(`${BEGIN}\\+?${code}${digitsOf(nationalNumber)}(?!${DIGIT})(?:;ext=\\d{1,6})?`, 'g');
};

/** Of any width. */
const digitsOf = (text: string): string =>
  Array.from(text, (digit) => `[${digit}${String.fromCodePoint(0xff10 + Number(digit))}]`).join(GAP);
