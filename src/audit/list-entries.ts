/** One page of the audit, latest first (latest-first.ts). */
import type { DataSource } from 'typeorm';
import type { Page, PageRequest } from '../common/page.js';
import type { TimeRange } from '../common/time-range.js';
import { latestFirst } from '../postgres/latest-first.js';
import type { AuditEntry } from './audit-entry.entity.js';

export interface AuditFilter extends TimeRange {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
}

/** The most selective first. Each has an index that goes on with time and id. */
const LEADING = ['target', 'subject', 'action'] as const;

const COLUMNS = `id, at, subject, token_id as "tokenId", api_key_id as "apiKeyId", action, route, target, before, after, detail,
  address, request_id as "requestId"`;

export const listEntries = (
  database: DataSource,
  filter: AuditFilter,
  page: PageRequest,
  maxExamined?: number,
): Promise<Page<AuditEntry>> => {
  const [leading, ...others] = LEADING.filter((column) => filter[column] !== undefined).map((column) => ({
    column,
    value: filter[column],
  }));
  const { from, to } = filter;
  return latestFirst(
    database,
    { table: 'audit_entry', columns: COLUMNS, leading, others, from, to },
    page,
    maxExamined,
  );
};
