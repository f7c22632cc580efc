/**
 * What an entry may keep. Entries outlive the data that they describe, so a phone number is masked, and a URL loses its
 * query, which may be a password of the receiver. Secrets are never given to the audit.
 */
import { maskPhone } from '../common/phone-number.js';
import type { Facts } from './audit-entry.entity.js';

export const maskedFacts = (facts: Facts | null | undefined): string | null =>
  facts ? JSON.stringify(facts, (name, value: unknown) => masked(name, value)) : null;

const masked = (name: string, value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  if (['phone', 'toCaller', 'toCallee'].includes(name)) return maskPhone(value);
  return name === 'url' ? value.replace(/\?.*$/s, '?…') : value;
};

/** Only the fields that differ. Compared before they are masked, so a change of hidden digits is seen too. */
export const changedFields = <T extends object>(before: T, after: T): { before: Facts; after: Facts } => {
  const names = (Object.keys(after) as (keyof T)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  const only = (row: T): Facts => Object.fromEntries(names.map((name) => [name, row[name]]));
  return { before: only(before), after: only(after) };
};
