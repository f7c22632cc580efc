import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** How a person has signed in to the desk. */
export type SignIn = 'token' | 'link' | 'identity-provider';

/** A person who is signed in to the desk. The value of the cookie is in the browser alone; only its hash is stored. */
@Entity('desk_session')
export class DeskSession {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'desk_session_pkey',
  })
  id: string;

  @Index('desk_session_hash', { unique: true })
  @Column('text', { select: false })
  hash: string;

  /** Of the token that the person has signed in with. */
  @Column('text')
  subject: string;

  /** Of that token, those of the admin API. */
  @Column('text', { array: true })
  scopes: string[];

  @Column('text', { name: 'signed_in_by' })
  signedInBy: SignIn;

  /** Of the one-time link, so that it is used once on all replicas. */
  @Index('desk_session_link', { unique: true })
  @Column('text', { name: 'link_id', nullable: true })
  linkId: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Index('desk_session_by_end')
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  /** When the person signed out. Without a link, the row is removed then. */
  @Column({ type: 'timestamptz', name: 'ended_at', precision: 3, nullable: true })
  endedAt: Date | null;
}
