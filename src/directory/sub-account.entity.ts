import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { AppUser } from './app-user.entity.js';

/** The credentials at a provider under which a user's calls are placed. One per user and provider. */
@Entity('sub_account')
export class SubAccount {
  @PrimaryColumn('bigint', { name: 'user_id', primaryKeyConstraintName: 'sub_account_pkey' })
  userId: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'sub_account_pkey' })
  provider: string;

  @Column('text', { name: 'external_id' })
  externalId: string;

  /** Encrypted (secret-cipher.ts). Written by admins, sent to providers, and never shown. */
  @Column('text', { select: false })
  secret: string;

  /** The name of the key that the secret is encrypted with; null if it is not encrypted, as in early versions. */
  @Column('text', { name: 'key_name', nullable: true })
  keyName: string | null;

  @ManyToOne(() => AppUser, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sub_account_user' })
  user?: Relation<AppUser>;
}
