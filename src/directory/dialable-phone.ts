import { AppError } from '../common/error-table.js';
import { normalisePhone, readPhone, writtenPhone, type DialledPhone } from '../common/phone-number.js';

export const NOT_DIALABLE =
  'is not a number that can be dialled; expected one without an extension, such as 13800138000, 010-56469588, 400-000-0000, ' +
  '95588 or +442079460000';

/** Of a phone that may have one. */
export const NOT_DIALABLE_PHONE =
  'is not a number that can be dialled; expected one such as 13800138000, 010-56469588, 010-56469588转8001, 400-000-0000, ' +
  '95588 or +442079460000';

/** @throws AppError that names the field `phone` */
export const dialledPhone = (text: string, region: string): DialledPhone => {
  const phone = readPhone(text, region);
  if (!phone) throw new AppError('BAD_REQUEST', { faults: [{ where: '/phone', what: NOT_DIALABLE_PHONE }] });
  return phone;
};

/** Likewise, in the written form. */
export const dialledPhoneWritten = (text: string, region: string): string => {
  const { number, extension } = dialledPhone(text, region);
  return writtenPhone(number, extension);
};

/**
 * Returns the form in which a phone is stored.
 * @throws AppError that names the field `phone`
 */
export const dialablePhone = (text: string, region: string): string => {
  const phone = normalisePhone(text, region);
  if (!phone) throw new AppError('BAD_REQUEST', { faults: [{ where: '/phone', what: NOT_DIALABLE }] });
  return phone;
};
