import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { Scope } from '../access.js';

/** An API key. Its text is returned once, when it is made; only the hash is stored. */
@Entity('api_key')
@Index('api_key_not_revoked', ['id'], { where: 'revoked_at is null' })
export class ApiKey {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'api_key_pkey',
  })
  id: string;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  scopes: Scope[];

  /** The beginning of the key's text (key-text.ts). */
  @Column('text')
  prefix: string;

  @Index('api_key_hash', { unique: true })
  @Column('text', { select: false })
  hash: string;

  /**
   * The first of the keys that were rotated into this one; null for a first key. All of them act as one principal, so a
   * retry after a rotation is still the same request.
   */
  @Column('bigint', { name: 'first_id', nullable: true })
  firstId: string | null;

  /** The user id of the administrator who made or rotated it. */
  @Column('text', { name: 'created_by' })
  createdBy: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** Null for never. A rotation brings it forward to the end of the overlap. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', name: 'rotated_at', precision: 3, nullable: true })
  rotatedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}
