import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../../common/page.js';
import { badSubject, subAccountFault, userIdOf } from '../../directory/subject.js';
import { amountOf, amountShown } from '../../protection/call-cost.js';
import type { BudgetKind, BudgetPeriod } from './budget.entity.js';
import { NEXT_VERSION } from './prices.service.js';

export interface NewBudget {
  readonly kind: BudgetKind;
  /** The user's id or external id, or `*` for each user; `<provider>/<external id>`; absent for all. */
  readonly subject?: string | undefined;
  readonly period: BudgetPeriod;
  /** As `amountOf` reads it. */
  readonly amount: string;
  readonly timeZone: string;
}

/** Amounts as texts, in units of the currency. */
export interface ShownBudget extends Required<NewBudget> {
  readonly id: string;
  readonly subject: string;
  /** Of the price list; null before there is one. */
  readonly currency: string | null;
  readonly periodStart: Date;
  /** In the present period; null, as the next two, of a budget of each user. */
  readonly settled: string | null;
  readonly reserved: string | null;
  readonly left: string | null;
}

/** Amounts in millionths. */
type Row = Omit<ShownBudget, 'left'>;

const SHOWN = `
select budget.id, kind, budget.subject, period, amount, time_zone as "timeZone", currency, present.start as "periodStart",
  case when budget.subject <> '*' then coalesce(settled, 0) end as settled,
  case when budget.subject <> '*' then coalesce(reserved, 0) end as reserved
from budget
cross join price_list
cross join lateral (select date_trunc(period, now(), time_zone) as start) as present
left join budget_use on budget_id = budget.id and budget_use.subject = budget.subject and period_start = present.start`;

const STORE = `
insert into budget (kind, subject, period, amount, time_zone) values ($1, $2, $3, $4, $5)
on conflict (kind, subject, period) do update set amount = excluded.amount, time_zone = excluded.time_zone
returning id, xmax = 0 as "isNew"`;

/** Node may know a zone that PostgreSQL does not. */
const KNOWS_ZONE = `
select exists (select from pg_timezone_names where lower(name) = lower($1)) as "isKnown"`;

export const NO_TIME_ZONE = 'must be a name of the IANA database such as Asia/Shanghai, or UTC';

/** What calls may cost in a day or a month. Replicas know of a change within a second. */
@Injectable()
export class Budgets {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
  ) {}

  /** Adds a budget, or changes the amount and the time zone of the one with this kind, subject and period. */
  async store(budget: NewBudget, author: Author): Promise<{ readonly budget: ShownBudget; readonly isNew: boolean }> {
    const { kind, period, amount, timeZone } = budget;
    const subject = await this.subjectOf(budget);
    const [{ isKnown }] = await this.database.query<[{ isKnown: boolean }]>(KNOWS_ZONE, [timeZone]);
    if (!isKnown) throw new AppError('BAD_REQUEST', { faults: [{ where: '/timeZone', what: NO_TIME_ZONE }] });
    return this.audit.change(author, async (database) => {
      await database.query(NEXT_VERSION);
      const values = [kind, subject, period, String(amountOf(amount)), timeZone];
      const [{ id, isNew }] = await database.query<[{ id: string; isNew: boolean }]>(STORE, values);
      const [row] = await database.query<[Row]>(`${SHOWN} where budget.id = $1`, [id]);
      const entry = { target: targetOf('budget', id), after: { kind, subject, period, amount, timeZone } };
      return { result: { budget: shown(row), isNew }, entry };
    });
  }

  /** By age. */
  async list({ after, limit }: PageRequest): Promise<Page<ShownBudget>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<Row[]>(`${SHOWN} where budget.id > $1 order by budget.id limit $2`, [
      after ?? '0',
      limit + 1,
    ]);
    return pageOf(rows.map(shown), limit, ({ id }) => id);
  }

  async remove(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchBudget();
    await this.audit.change(author, async (database) => {
      await database.query(NEXT_VERSION);
      const [[before]] = await database.query<[Row[], number]>(
        'delete from budget where id = $1 returning kind, subject, period, amount, time_zone as "timeZone"',
        [id],
      );
      if (!before) throw noSuchBudget();
      return {
        result: undefined,
        entry: { target: targetOf('budget', id), before: { ...before, amount: amountShown(BigInt(before.amount)) } },
      };
    });
  }

  private async subjectOf({ kind, subject = '' }: NewBudget): Promise<string> {
    switch (kind) {
      case 'all':
        if (subject !== '') throw badSubject('must be absent, because all calls are counted');
        return '';
      case 'sub_account': {
        const fault = subAccountFault(subject);
        if (fault !== null) throw badSubject(fault);
        return subject;
      }
      case 'user':
        return subject === '*' ? subject : userIdOf(this.database, subject);
    }
  }
}

const noSuchBudget = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such budget.' });

const shown = ({ id, kind, subject, period, amount, currency, timeZone, periodStart, ...use }: Row): ShownBudget => {
  const { settled, reserved } = use;
  const left = settled === null || reserved === null ? null : BigInt(amount) - BigInt(settled) - BigInt(reserved);
  return {
    ...{ id, kind, subject, period },
    amount: amountShown(BigInt(amount)),
    ...{ currency, timeZone, periodStart },
    settled: settled === null ? null : amountShown(BigInt(settled)),
    reserved: reserved === null ? null : amountShown(BigInt(reserved)),
    // Less than nothing, if the amount was lowered.
    left: left === null ? null : amountShown(left > 0n ? left : 0n),
  };
};
