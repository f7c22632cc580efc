import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one row that every change of prices or budgets writes. Replicas look at its version, and read all again once it is another. */
@Entity('price_list')
@Check('price_list_one_row', 'id = 1')
export class PriceList {
  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'price_list_pkey' })
  id: number;

  @Column('bigint')
  version: string;

  /** Of all prices and budgets, by ISO 4217; null before there are prices. */
  @Column('text', { nullable: true })
  currency: string | null;
}
