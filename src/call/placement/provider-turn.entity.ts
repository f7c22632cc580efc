import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * The next free slot of a provider: one row per provider, shared by all replicas. Dials use it if the provider limits
 * calls per second. Status requests have a row of their own (ask-pace.ts).
 */
@Entity('provider_turn')
export class ProviderTurn {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'provider_turn_pkey' })
  provider: string;

  @Column({ type: 'timestamptz', name: 'next_at' })
  nextAt: Date;
}
