import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What a provider asks for one leg to numbers with a prefix. Amounts are in millionths of the currency's unit. */
@Entity('price')
@Check('price_not_negative', 'per_minute >= 0 and connection >= 0 and step_seconds > 0')
export class Price {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'price_pkey' })
  provider: string;

  /** Of numbers as they are stored; empty for all. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'price_pkey' })
  prefix: string;

  @Column('bigint', { name: 'per_minute' })
  perMinute: string;

  @Column('integer', { name: 'step_seconds' })
  stepSeconds: number;

  /** Once for each leg that is answered. */
  @Column('bigint')
  connection: string;
}
