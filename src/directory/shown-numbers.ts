/** The numbers that the two phones of a call show, of a user or a service line. */
import { AppError, type Fault } from '../common/error-table.js';
import { normalisePhone } from '../common/phone-number.js';
import { NOT_DIALABLE } from './dialable-phone.js';
import { phoneOrNoneRule, type FieldRule } from './field-rules.js';

/** Null where the next rule decides: the user's after the line's, and then the provider's settings. */
export interface ShownNumbers {
  readonly toCaller: string | null;
  readonly toCallee: string | null;
}

/** Of a user or line without any. */
export const NONE_SHOWN: ShownNumbers = { toCaller: null, toCallee: null };

const FIELDS = ['toCaller', 'toCallee'] as const;

/** As a request has them: absent is null. */
export type WrittenNumbers = { readonly [Name in keyof ShownNumbers]?: string | null };

/** Checks only the types, like `phoneRule`. */
export const shownRule: FieldRule = (value) => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || Object.keys(value).some((name) => !FIELDS.some((known) => known === name))) {
    return `must be an object with ${FIELDS.join(' and ')}, or one of them`;
  }
  return FIELDS.some((name) => phoneOrNoneRule((value as WrittenNumbers)[name] ?? null) !== null)
    ? 'must have strings such as "010 5646 9588", or null for none'
    : null;
};

/** Also of numbers that cannot be dialled. */
export const shownFaults = (value: unknown, region: string): Fault[] => {
  const fault = shownRule(value);
  if (fault !== null) return [{ where: '/shown', what: fault }];
  return FIELDS.flatMap((name) => {
    const written = (value as WrittenNumbers)[name] ?? null;
    const isShowable = written === null || normalisePhone(written, region) !== null;
    return isShowable ? [] : [{ where: `/shown/${name}`, what: NOT_DIALABLE }];
  });
};

/** In the form in which numbers are stored. @throws AppError that names the field */
export const storedShown = (shown: WrittenNumbers, region: string): ShownNumbers => {
  const faults = shownFaults(shown, region);
  if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
  const stored = (written: string | null = null) => (written === null ? null : normalisePhone(written, region));
  return { toCaller: stored(shown.toCaller), toCallee: stored(shown.toCallee) };
};

/** The first that has a number decides. */
export const firstShown = (shown: readonly (ShownNumbers | null | undefined)[]): ShownNumbers => ({
  toCaller: shown.find((one) => one?.toCaller != null)?.toCaller ?? null,
  toCallee: shown.find((one) => one?.toCallee != null)?.toCallee ?? null,
});
