import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../common/error-table.js';
import type { Page, PageRequest } from '../common/page.js';
import { rangeFaults } from '../common/time-range.js';
import { CONFIG, type Config } from '../config/config.js';
import { KEY_ORDER_SETTINGS } from '../postgres/key-order.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { listEntries, type AuditFilter } from './list-entries.js';
import { Places } from './places.js';

/** Rows per statement; well within the statement's time limit. */
const BATCH = 500;

/** $1: days, $2, $3: the last removed entry. Continues after it, because an index still holds entries of removed rows. */
const FORGET = `
with old as materialized (
  select ctid, at, id from audit_entry
  where (at, id) > ($2, $3) and at < now() - $1 * interval '1 day'
  order by at, id
  limit ${BATCH}
), removed as (
  delete from audit_entry where ctid = any (array(select ctid from old))
)
select at, id from old order by at, id
`;

/** Lists the entries, and removes old ones. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'auditDays'>,
    private readonly places: Places,
  ) {}

  /** Latest first. A page may have fewer items than the limit, even none, and still a next cursor (list-entries.ts). */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const faults = rangeFaults(filter);
    if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
    return this.places.during(() => listEntries(this.database, filter, page));
  }

  /** Removes the entries that are older than AUDIT_DAYS. A job, so on one replica at a time. */
  async forget(stop: AbortSignal): Promise<void> {
    let removed: { readonly at: Date; readonly id: string }[];
    let last = { at: new Date(0), id: '0' };
    do {
      stop.throwIfAborted();
      const values = [this.config.auditDays, last.at, last.id];
      removed = await this.database.transaction(async (database) => {
        await database.query(KEY_ORDER_SETTINGS);
        return database.query<typeof removed>(FORGET, values);
      });
      last = removed.at(-1) ?? last;
    } while (removed.length === BATCH);
  }
}
