/** The suppression list as CSV. */
import { csvHead, csvLine as lineOf, Faults, faultsIn, readCsv } from '../common/csv.js';
import { normalisePhone } from '../common/phone-number.js';
import { NOT_DIALABLE } from './dialable-phone.js';
import { instantOf, instantRule, orNone, SUPPRESSION_TEXT_LENGTH, textRule } from './field-rules.js';
import type { Suppression, SuppressionToStore } from './suppression-list.service.js';

/** `createdAt` is for people: an import takes no notice of it. */
const OTHER_COLUMNS = ['reason', 'source', 'until', 'createdAt'] as const;

/** A row of an import with the number as it is stored. */
export type ImportedSuppression = Required<SuppressionToStore>;

/** Lines, with those that are empty. */
export const MAX_IMPORTED = 50_000;

export const CSV_HEAD = csvHead(['phone', ...OTHER_COLUMNS]);

export const csvLine = ({ phone, reason, source, until, createdAt }: Suppression): string =>
  lineOf([phone, reason, source, until?.toISOString() ?? null, createdAt.toISOString()]);

/**
 * @param region of numbers without a country code
 * @throws AppError with the faults of all rows
 */
export const readSuppressions = (text: string, region: string): Promise<ImportedSuppression[]> => {
  const lineOfPhone = new Map<string, number>();
  const phoneFault = (phone: string | null, line: number): string | null => {
    if (phone === null) return NOT_DIALABLE;
    const earlier = lineOfPhone.get(phone);
    if (earlier === undefined) lineOfPhone.set(phone, line);
    return earlier === undefined ? null : `is the number of line ${earlier} again`;
  };
  return readCsv(text, {
    required: ['phone'],
    others: OTHER_COLUMNS,
    maxRows: MAX_IMPORTED,
    unknownColumns: 'refuse',
    read: (cell, line) => {
      const phone = normalisePhone(cell('phone') ?? '', region);
      const [reason, source] = [cell('reason'), cell('source')];
      const until = instantOf(cell('until'));
      const faults = faultsIn({
        phone: phoneFault(phone, line),
        reason: TEXT_OR_NONE(reason),
        source: TEXT_OR_NONE(source),
        until: INSTANT_OR_NONE(until),
      });
      if (phone === null || faults) return faults ?? new Faults({});
      return { phone, reason, source, until: until as Date | null };
    },
  });
};

const TEXT_OR_NONE = orNone(textRule(SUPPRESSION_TEXT_LENGTH));
const INSTANT_OR_NONE = orNone(instantRule);
