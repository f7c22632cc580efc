/** Opens and ends the sessions of the desk. */
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { AppError } from '../../common/error-table.js';
import type { Principal } from '../access-token.js';
import { isOfAdmin } from '../access.js';
import { withoutScope } from '../challenge.js';
import type { SignIn } from './desk-session.entity.js';
import { LiveSessions } from './live-sessions.js';
import { hashOfSession, newSessionValue } from './session-cookie.js';

export const LONGEST_SESSION_SECONDS = 8 * 60 * 60;

/** Of one person, in several browsers. The oldest one ends if there is another. */
const SESSIONS_OF_ONE = 20;

/**
 * The row of a session that was opened by a link is kept for a day, so that the link is not used again. Another one is removed when
 * its session ends: a program that signs in again and again must not fill the table that all replicas read twice a second. The audit
 * keeps who has signed in.
 */
const OPEN = `
with old as (
  delete from desk_session where id in (
    select id from desk_session where expires_at < now() - interval '1 day' order by expires_at limit 100
  )
), surplus as (
  select id from desk_session where expires_at > now() and ended_at is null and subject = $2
  order by id desc offset ${SESSIONS_OF_ONE - 1}
), removed as (
  delete from desk_session where id in (select id from surplus) and link_id is null
), ended as (
  update desk_session set ended_at = now() where id in (select id from surplus) and link_id is not null
)
insert into desk_session (hash, subject, scopes, signed_in_by, link_id, expires_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (link_id) do nothing
returning id, expires_at as "expiresAt"`;

const END = `
with removed as (
  delete from desk_session where hash = $1 and link_id is null
)
update desk_session set ended_at = now() where hash = $1 and link_id is not null and ended_at is null`;

export interface OpenedSession {
  /** For the cookie. */
  readonly value: string;
  readonly expiresAt: Date;
  readonly scopes: readonly string[];
}

export interface Entrance {
  readonly principal: Pick<Principal, 'subject' | 'scopes'>;
  readonly by: SignIn;
  /** Milliseconds since the epoch; at most the longest session from now. */
  readonly until?: number;
  readonly linkId?: string;
}

type AuthorOf = (subject: string) => Author;

@Injectable()
export class DeskSessions {
  constructor(
    private readonly database: DataSource,
    private readonly live: LiveSessions,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws AppError FORBIDDEN without a scope of the admin API; CONFLICT if the link was used */
  async open({ principal, by, until = Infinity, linkId }: Entrance, authorOf: AuthorOf): Promise<OpenedSession> {
    const { subject } = principal;
    const scopes = adminScopesIn(principal.scopes);
    const value = newSessionValue();
    const expiresAt = new Date(Math.min(until, Date.now() + LONGEST_SESSION_SECONDS * 1_000));
    await this.audit.change(authorOf(subject), async (database) => {
      const [row] = await database.query<{ readonly id: string }[]>(OPEN, [
        hashOfSession(value),
        subject,
        scopes,
        by,
        linkId ?? null,
        expiresAt,
      ]);
      if (!row) throw new AppError('CONFLICT', { detail: 'This link has been used. Each link works once.' });
      return { result: row, entry: { target: targetOf('desk-session', row.id), after: { by, scopes, expiresAt } } };
    });
    await this.live.refresh();
    return { value, expiresAt, scopes };
  }

  /** Repeating it changes nothing, and a made-up value costs no statement. The other replicas refuse the session within a second. */
  async end(value: string): Promise<void> {
    if (!this.live.find(value) && !(await this.live.findAfterNextRead(value))) return;
    await this.database.query(END, [hashOfSession(value)]);
    await this.live.refresh();
  }
}

/** `admin:numbers` alone opens nothing. */
const adminScopesIn = (scopes: ReadonlySet<string>): string[] => {
  const ofAdmin = [...scopes].filter(isOfAdmin);
  if (ofAdmin.every((scope) => scope === 'admin:numbers')) throw withoutScope('admin');
  return ofAdmin;
};
