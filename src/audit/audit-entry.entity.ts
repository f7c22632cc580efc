import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** Who did what by the admin API. Rows are never changed, but for the outcome of an order or an export (audit-trail.service.ts). */
@Entity('audit_entry')
@Index('audit_entry_by_time', ['at', 'id'])
@Index('audit_entry_by_subject', ['subject', 'at', 'id'])
@Index('audit_entry_by_action', ['action', 'at', 'id'])
@Index('audit_entry_by_target', ['target', 'at', 'id'])
export class AuditEntry {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'audit_entry_pkey',
  })
  id: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  /** Of the token or API key. */
  @Column('text')
  subject: string;

  /** The token's `jti`; null if it has none, and for an API key. */
  @Column('text', { name: 'token_id', nullable: true })
  tokenId: string | null;

  /** Null for a token. */
  @Column('text', { name: 'api_key_id', nullable: true })
  apiKeyId: string | null;

  /** The operationId of the request in openapi.json. */
  @Column('text')
  action: string;

  /** Method and path, with the names of its parameters. */
  @Column('text')
  route: string;

  /** Such as `user:1001`; null for a list. */
  @Column('text', { nullable: true })
  target: string | null;

  @Column('jsonb', { nullable: true })
  before: Facts | null;

  @Column('jsonb', { nullable: true })
  after: Facts | null;

  /** What is neither: how many rows, which query. */
  @Column('jsonb', { nullable: true })
  detail: Facts | null;

  /** Of the client, as reported by trusted proxies. */
  @Column('text')
  address: string;

  @Column('text', { name: 'request_id' })
  requestId: string;
}

export type Facts = Readonly<Record<string, unknown>>;

/** Who sends a request, and which one it is. */
export type Author = Readonly<
  Pick<AuditEntry, 'subject' | 'tokenId' | 'apiKeyId' | 'action' | 'route' | 'address' | 'requestId'>
>;
