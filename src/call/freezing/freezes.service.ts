import { Injectable } from '@nestjs/common';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../../common/page.js';
import type { Freeze, FreezeKind } from '../../directory/freeze.entity.js';
import { badSubject, subAccountFault, userIdOf } from '../../directory/subject.js';
import { HangUps } from './hang-ups.js';

export interface NewFreeze {
  readonly kind: FreezeKind;
  /** The user's id or external id; `<provider>/<external id>`; a country; absent for all. */
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
  /** Whether running calls are hung up. */
  readonly hangUp?: boolean | undefined;
}

export interface Frozen {
  readonly freeze: Freeze;
  /** False if it was in force already. */
  readonly isNew: boolean;
  /** Calls that are being hung up. */
  readonly hangUps: number;
}

const SHOWN_FREEZE = `id, kind, subject, reason, frozen_by as "frozenBy", created_at as "createdAt", lifted_at as "liftedAt"`;

/** $1: the kind, $2: the subject, $3: the reason, $4: who. Returns nothing if such a freeze is in force. */
export const INSERT_FREEZE = `
insert into call_freeze (kind, subject, reason, frozen_by) values ($1, $2, $3, $4)
on conflict (kind, subject) where lifted_at is null do nothing
returning ${SHOWN_FREEZE}`;

const noSuchFreeze = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such freeze in force.' });

/** Stops calls, and allows them again. Every replica reads the freezes for each call, so a change holds at once. */
@Injectable()
export class Freezes {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    private readonly hangUps: HangUps,
  ) {}

  async freeze({ kind, subject = '', reason, hangUp = false }: NewFreeze, author: Author): Promise<Frozen> {
    const fault = subjectFault(kind, subject);
    if (fault !== null) throw badSubject(fault);
    const named = kind === 'user' ? await userIdOf(this.database, subject) : subject;
    return this.audit.change(author, async (database) => {
      const values = [kind, named, reason ?? null, author.subject];
      const [created] = await database.query<Freeze[]>(INSERT_FREEZE, values);
      const freeze = created ?? (await inForce(database, kind, named));
      const hangUps = hangUp ? await this.hangUps.order(database, freeze) : 0;
      const after = { kind, subject: named, reason: freeze.reason };
      return {
        result: { freeze, isNew: created !== undefined, hangUps },
        entry: { target: targetOf('freeze', freeze.id), ...(created && { after }), detail: { hangUps } },
      };
    });
  }

  /** Those in force, by age. */
  async list({ after, limit }: PageRequest): Promise<Page<Freeze>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<Freeze[]>(
      `select ${SHOWN_FREEZE} from call_freeze where lifted_at is null and id > $1 order by id limit $2`,
      [after ?? '0', limit + 1],
    );
    return pageOf(rows, limit, ({ id }) => id);
  }

  async lift(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchFreeze();
    await this.audit.change(author, async (database) => {
      const [[lifted]] = await database.query<[Freeze[], number]>(
        `update call_freeze set lifted_at = now() where id = $1 and lifted_at is null returning ${SHOWN_FREEZE}`,
        [id],
      );
      if (!lifted) throw noSuchFreeze();
      const { kind, subject, reason, frozenBy } = lifted;
      return {
        result: undefined,
        entry: { target: targetOf('freeze', id), before: { kind, subject, reason, frozenBy } },
      };
    });
  }
}

const subjectFault = (kind: FreezeKind, subject: string): string | null => {
  switch (kind) {
    case 'all':
      return subject === '' ? null : 'must be absent, because all calls are frozen';
    case 'user':
      return null;
    case 'sub_account':
      return subAccountFault(subject);
    case 'country':
      return isSupportedCountry(subject) ? null : 'must be the two letters of a country, as ISO 3166 has them';
  }
};

/** Another request has made it, and it may be lifted meanwhile. */
const inForce = async (database: EntityManager, kind: FreezeKind, subject: string): Promise<Freeze> => {
  const [freeze] = await database.query<Freeze[]>(
    `select ${SHOWN_FREEZE} from call_freeze where kind = $1 and subject = $2 and lifted_at is null`,
    [kind, subject],
  );
  if (!freeze) throw new AppError('CONFLICT', { detail: 'Another request is lifting this freeze.' });
  return freeze;
};
