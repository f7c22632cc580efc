import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { AppUser } from './app-user.entity.js';

/**
 * The claim to create a user's sub-account at a provider: one process at a time, across replicas
 * (sub-account-claims.ts).
 */
@Entity('sub_account_claim')
export class SubAccountClaim {
  @PrimaryColumn('bigint', { name: 'user_id', primaryKeyConstraintName: 'sub_account_claim_pkey' })
  userId: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'sub_account_claim_pkey' })
  provider: string;

  /** A random id that only the holder knows. */
  @Column('uuid')
  claim: string;

  /** The last creation failed, and none is tried before `freeAt`. */
  @Column('boolean', { default: false })
  failed: boolean;

  /** The claim expires by itself, so a crashed process locks no user out. */
  @Column({ type: 'timestamptz', name: 'free_at' })
  freeAt: Date;

  @ManyToOne(() => AppUser, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sub_account_claim_user' })
  user?: Relation<AppUser>;
}
