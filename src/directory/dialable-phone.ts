import { AppError } from '../common/error-table.js';
import { normalisePhone } from '../common/phone-number.js';

export const NOT_DIALABLE =
  'is not a number that can be dialled; expected one without an extension, such as 13800138000, 010-56469588, 400-000-0000, ' +
  '95588 or +442079460000';

/**
 * Returns the form in which a phone is stored.
 * @throws AppError that names the field `phone`
 */
export const dialablePhone = (text: string, region: string): string => {
  const phone = normalisePhone(text, region);
  if (!phone) throw new AppError('BAD_REQUEST', { faults: [{ where: '/phone', what: NOT_DIALABLE }] });
  return phone;
};
