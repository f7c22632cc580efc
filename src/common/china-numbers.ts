/**
 * Numbers of mainland China that libphonenumber does not accept. Source: 《电信网编号计划（2017年版）》 of the Ministry of
 * Industry and Information Technology.
 */

/**
 * Short numbers, which have no international form: 95 banks, insurers and carriers; 96 provincial services; 100xx the
 * carriers' own services; 123xx public services; 114 directory inquiries; 11183 and 11185 China Post; 12580 the information
 * service of China Mobile. 125xx is not accepted as a whole: 12590 is a paid voice service. 400 and 1010 numbers have a form
 * with +86 and libphonenumber accepts them.
 */
const SHORT_NUMBER = /^(?:9[56]\d{3,6}|100\d{2}|123\d{2}|114|1118[35]|12580)$/;

/** City services such as 12345 with an area code. libphonenumber accepts only some area codes here. */
const CITY_SERVICE = /^(?:10|2\d|[3-9]\d{2})123\d{2}$/;

/** Mobile numbers of China Telecom. */
const MOBILE_149 = /^149\d{8}$/;

/** `086` is a common error for `0086`. It cannot be an area code: the plan assigns none that begins with 86. */
const COUNTRY_CODE = /^(?:\+86|0086|086)/;

/**
 * @param digits a number as written in China: only digits, and optionally a leading plus
 * @returns the number without the country code
 */
export const withoutChinaCode = (digits: string): string => digits.replace(COUNTRY_CODE, '');

export const isChinaShortNumber = (digits: string): boolean => SHORT_NUMBER.test(digits);

/**
 * The national form of a number that libphonenumber does not accept; null for any other number.
 * @param phone E.164
 */
export const chinaNationalForm = (phone: string): string | null => {
  const number = phone.startsWith('+86') ? phone.slice(3) : '';
  if (CITY_SERVICE.test(number)) return `0${number}`;
  return MOBILE_149.test(number) ? number : null;
};
