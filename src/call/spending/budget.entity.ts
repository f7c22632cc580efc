import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export const BUDGET_KINDS = ['all', 'user', 'sub_account'] as const;
export type BudgetKind = (typeof BUDGET_KINDS)[number];
export const BUDGET_PERIODS = ['day', 'month'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** What calls may cost in a period. */
@Entity('budget')
@Index('budget_of_subject', ['kind', 'subject', 'period'], { unique: true })
@Check('budget_kind_known', `kind in ('all', 'user', 'sub_account')`)
@Check('budget_period_known', `period in ('day', 'month')`)
@Check('budget_not_negative', 'amount >= 0')
export class Budget {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'budget_pkey',
  })
  id: string;

  @Column('text')
  kind: BudgetKind;

  /** The user's id, or `*` for each user; `<provider>/<external id>` of a sub-account; empty for all. */
  @Column('text')
  subject: string;

  @Column('text')
  period: BudgetPeriod;

  /** In millionths of the currency's unit. */
  @Column('bigint')
  amount: string;

  /** By the IANA: its midnight begins a period. */
  @Column('text', { name: 'time_zone' })
  timeZone: string;
}
