import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * When a provider that takes only so many calls a second may be asked for the next: one row a provider, for all replicas. The
 * same for status requests, in a row of their own (ask-pace.ts).
 */
@Entity('provider_turn')
export class ProviderTurn {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'provider_turn_pkey' })
  provider: string;

  @Column({ type: 'timestamptz', name: 'next_at' })
  nextAt: Date;
}
