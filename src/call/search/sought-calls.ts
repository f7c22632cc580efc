/** Which calls are sought, by the search and by those who watch live calls: as it is written, and as calls are compared with it. */
import { AppError, type Fault } from '../../common/error-table.js';
import { normalisePhone } from '../../common/phone-number.js';
import { rangeFaults } from '../../common/time-range.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import type { CallFilter } from './call-search-statement.js';

export interface SoughtCalls extends CallFilter {
  /** In any notation. */
  readonly phone?: string | undefined;
}

/**
 * With the phone as it is stored.
 * @param more faults, which are named too
 * @throws AppError that names each invalid parameter
 */
export const checkedFilter = <Filter extends Pick<SoughtCalls, 'phone' | 'from' | 'to'>>(
  filter: Filter,
  region: string,
  more: readonly Fault[] = [],
): Filter & Pick<CallFilter, 'phone'> => {
  const phone = filter.phone === undefined ? undefined : storedForm(filter.phone, region);
  const faults: Fault[] = [
    ...(phone === null ? [{ where: '/phone', what: NOT_DIALABLE }] : []),
    ...rangeFaults(filter),
    ...more,
  ];
  if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
  return { ...filter, phone: phone ?? undefined };
};

/** In a query string an unescaped plus is decoded as a blank. */
const storedForm = (written: string, region: string): string | null =>
  normalisePhone(written.replace(/^ /, '+'), region) ?? normalisePhone(written, region);
