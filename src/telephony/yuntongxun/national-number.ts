import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { chinaNationalForm } from '../../common/china-numbers.js';

/** Service numbers such as 95588 or 10086 are dialled unchanged. */
const SHORT_NUMBER = /^[1-9]\d{2,7}$/;

/**
 * A phone number in the form that Yuntongxun requires, as dialled within China: mobile numbers with eleven digits,
 * landlines with the zero of their area code (`01052823298`), 400 numbers and short numbers unchanged. Null for a
 * number outside mainland China.
 * @param phone E.164, or a short national number
 */
export const nationalNumber = (phone: string): string | null => {
  if (!phone.startsWith('+')) return SHORT_NUMBER.test(phone) ? phone : null;
  const beyondLibrary = chinaNationalForm(phone);
  if (beyondLibrary !== null) return beyondLibrary;
  const number = parsePhoneNumberFromString(phone);
  if (number?.countryCallingCode !== '86' || !number.isValid()) return null;
  return number.formatNational().replace(/\D/g, '');
};

/** Whether the callee's number may have an extension behind it: a landline, which begins with the zero of its area code. */
export const hasExtensions = (phone: string): boolean => nationalNumber(phone)?.startsWith('0') === true;
