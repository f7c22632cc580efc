import type { EntryFacts } from '../audit/audit-trail.service.js';
import type { Page } from '../common/page.js';

/**
 * What the audit keeps of a list that was read: its parameters and its ends. They determine the items, which may be 200.
 */
export const pageFacts = <T>(query: object, { items }: Page<T>, keyOf: (item: T) => string): EntryFacts => {
  const [first, last] = [items.at(0), items.at(-1)];
  return { detail: { query, items: items.length, ...(first && last && { first: keyOf(first), last: keyOf(last) }) } };
};
