import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../common/page.js';
import { normalisePhone } from '../common/phone-number.js';
import { CONFIG, type Config } from '../config/config.js';
import { dialablePhone, NOT_DIALABLE } from './dialable-phone.js';
import type { Suppression as SuppressionRow } from './suppression.entity.js';

export type Suppression = Readonly<SuppressionRow>;

/** Absent fields are null. */
export interface SuppressionToStore {
  readonly phone: string;
  readonly reason?: string | null;
  readonly source?: string | null;
  readonly until?: Date | null;
}

export interface StoreOutcome {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * As SQL: whether the number must not be called now. Not with "exists": for that, PostgreSQL may read the whole list into a
 * hash table, and keeps such a plan from a time when the list was short.
 */
export const isSuppressed = (phone: string): string =>
  `coalesce((select true from suppression where phone = ${phone} and coalesce(until > now(), true)), false)`;

const SHOWN = 'id, phone, reason, source, until, created_at as "createdAt"';

/** In the order of the numbers, so that two requests never wait for each other. xmax is 0 only for inserted rows. */
export const STORE_SUPPRESSIONS = `
with written as (
  insert into suppression as known (phone, reason, source, until)
  select phone, reason, source, until
  from json_to_recordset($1) as given (phone text, reason text, source text, until timestamptz) order by phone
  on conflict (phone) do update set reason = excluded.reason, source = excluded.source, until = excluded.until
  where (known.reason, known.source, known.until) is distinct from (excluded.reason, excluded.source, excluded.until)
  returning xmax = 0 as created
)
select count(*) filter (where created)::integer as created, count(*) filter (where not created)::integer as changed
from written
`;

/** The numbers that must not be called. Every replica reads the list for each call, so a change holds at once. */
@Injectable()
export class SuppressionList {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Adds numbers, or replaces what is known of them: all or none. @throws AppError that names each wrong row */
  store(rows: readonly SuppressionToStore[], author: Author): Promise<StoreOutcome> {
    const given = JSON.stringify(this.storedForms(rows));
    return this.audit.change(author, async (database) => {
      const [written] = await database.query<[Pick<StoreOutcome, 'created' | 'changed'>]>(STORE_SUPPRESSIONS, [given]);
      const result = { ...written, unchanged: rows.length - written.created - written.changed };
      return { result, entry: { detail: result } };
    });
  }

  /** By age. @param phone in any common notation, for the one entry of this number */
  async list({ after, limit }: PageRequest, phone: string | undefined): Promise<Page<Suppression>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<Suppression[]>(
      `select ${SHOWN} from suppression
       where id > $1${phone === undefined ? '' : ' and phone = $3'}
       order by id
       limit $2`,
      [after ?? '0', limit + 1, ...(phone === undefined ? [] : [dialablePhone(phone, this.config.phoneRegion)])],
    );
    return pageOf(rows, limit, ({ id }) => id);
  }

  async remove(id: string, author: Author): Promise<void> {
    await this.audit.change(author, async (database) => {
      const [removed] = isLong(id)
        ? await database.query<[Suppression[], number]>(`delete from suppression where id = $1 returning ${SHOWN}`, [
            id,
          ])
        : [[]];
      const [before] = removed;
      if (!before) throw new AppError('NOT_FOUND', { detail: 'There is no such suppression.' });
      const { phone, reason, source, until } = before;
      return {
        result: undefined,
        entry: { target: targetOf('suppression', id), before: { phone, reason, source, until } },
      };
    });
  }

  private storedForms(rows: readonly SuppressionToStore[]): SuppressionToStore[] {
    const stored = rows.map((row) => ({ ...row, phone: normalisePhone(row.phone, this.config.phoneRegion) }));
    const first = new Map<string | null, number>();
    const faults = stored.flatMap(({ phone }, index) => {
      const where = `/suppressions/${index}/phone`;
      if (phone === null) return [{ where, what: NOT_DIALABLE }];
      const earlier = first.get(phone);
      if (earlier !== undefined) return [{ where, what: `is the number of /suppressions/${earlier} again` }];
      first.set(phone, index);
      return [];
    });
    if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
    return stored.map((row) => ({ ...row, phone: row.phone ?? '' }));
  }
}
