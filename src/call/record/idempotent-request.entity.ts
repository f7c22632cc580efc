import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A request with an Idempotency-Key, and the call that it has placed: both are committed by one statement (open-call.ts). */
@Entity('idempotent_request')
@Index('idempotent_request_by_age', ['createdAt'])
export class IdempotentRequest {
  /** The subject of the token or API key. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotent_request_pkey' })
  principal: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotent_request_pkey' })
  key: string;

  @Column('text', { name: 'body_hash' })
  bodyHash: string;

  @Column('text', { name: 'call_sid' })
  callSid: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** Whether the request was answered although its dial has no outcome. Else the record tells when it is. */
  @Column('boolean', { default: false })
  answered: boolean;
}
