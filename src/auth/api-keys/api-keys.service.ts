/** Makes, lists, rotates and revokes API keys. */
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { changedFields } from '../../audit/masked-facts.js';
import { targetOf } from '../../audit/target.js';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../../common/page.js';
import type { ApiKey } from './api-key.entity.js';
import { hashOfKey, newKeyText, shownPart } from './key-text.js';
import { IS_LIVE, LiveKeys, SUBJECT } from './live-keys.js';

/** Every replica holds all of them, and reads them twice a second. */
export const MAX_LIVE_KEYS = 1_000;

/** A key without its hash. */
export type ShownKey = Readonly<Omit<ApiKey, 'hash' | 'firstId'>> & {
  readonly subject: string;
  /** Whether it is accepted. */
  readonly active: boolean;
};

export interface MadeKey {
  /** The text, which nothing can show again. */
  readonly key: string;
}

/** @see rotate */
export interface Rotation {
  readonly overlapSeconds: number;
  readonly expiresAt?: Date | undefined;
}

const SHOWN = `
  id, name, scopes, prefix, ${SUBJECT} as subject, ${IS_LIVE} as active, created_by as "createdBy",
  created_at as "createdAt", expires_at as "expiresAt", rotated_at as "rotatedAt", revoked_at as "revokedAt",
  last_used_at as "lastUsedAt"`;

@Injectable()
export class ApiKeys {
  constructor(
    private readonly database: DataSource,
    private readonly live: LiveKeys,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws AppError CONFLICT if there are too many */
  async create(
    { name, scopes, expiresAt }: Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'>,
    author: Author,
  ): Promise<ShownKey & MadeKey> {
    const key = newKeyText();
    const made = await this.audit.change(author, async (database) => {
      const [inserted] = await database.query<ShownKey[]>(
        `insert into api_key (name, scopes, prefix, hash, created_by, expires_at)
         select $1, $2, $3, $4, $5, $6 where (select count(*) from api_key where ${IS_LIVE}) < ${MAX_LIVE_KEYS}
         returning ${SHOWN}`,
        [name, scopes, shownPart(key), hashOfKey(key), author.subject, expiresAt],
      );
      if (!inserted) {
        throw new AppError('CONFLICT', { detail: `There are ${MAX_LIVE_KEYS} active keys; revoke those not in use.` });
      }
      return { result: inserted, entry: { target: targetOf('api-key', inserted.id), after: factsOf(inserted) } };
    });
    await this.live.refresh();
    return { ...made, key };
  }

  async find(id: string): Promise<ShownKey> {
    const [key] = isLong(id)
      ? await this.database.query<ShownKey[]>(`select ${SHOWN} from api_key where id = $1`, [id])
      : [];
    if (!key) throw noSuchKey();
    return key;
  }

  async list({ after, limit }: PageRequest): Promise<Page<ShownKey>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<ShownKey[]>(
      `select ${SHOWN} from api_key where id > $1 order by id limit $2`,
      [after ?? '0', limit + 1],
    );
    return pageOf(rows, limit, ({ id }) => id);
  }

  /**
   * Makes a successor with the same name, scopes and subject; the rotated key ends after the overlap. Without
   * `expiresAt` the successor lives as long as the rotated key was meant to. It does not count against the limit: a
   * leaked key must always be rotatable.
   * @throws AppError NOT_FOUND; CONFLICT if the key is not active, or was rotated already
   */
  async rotate(
    id: string,
    { overlapSeconds, expiresAt }: Rotation,
    author: Author,
  ): Promise<ShownKey & MadeKey & { readonly previousKeyUntil: Date }> {
    if (!isLong(id)) throw noSuchKey();
    const key = newKeyText();
    const values = [id, overlapSeconds, shownPart(key), hashOfKey(key), author.subject, expiresAt ?? null];
    const made = await this.audit.change(author, async (database) => {
      const before = await lockedKey(database, id);
      const [successor] = await database.query<(ShownKey & { readonly previousKeyUntil: Date })[]>(ROTATE, values);
      if (!successor) throw notRotatable(before);
      const changed = changedFields(factsOf(before), { ...factsOf(before), expiresAt: successor.previousKeyUntil });
      const detail = { successor: { id: successor.id, ...factsOf(successor) } };
      return { result: successor, entry: { target: targetOf('api-key', id), ...changed, detail } };
    });
    await this.live.refresh();
    return { ...made, key };
  }

  /** Repeating it changes nothing. The row stays, for what the key has done is on record under its id. */
  async revoke(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchKey();
    await this.audit.change(author, async (database) => {
      const before = await lockedKey(database, id);
      const [[after]] = await database.query<[[ShownKey], number]>(
        `update api_key set revoked_at = coalesce(revoked_at, now()) where id = $1 returning ${SHOWN}`,
        [id],
      );
      return {
        result: undefined,
        entry: { target: targetOf('api-key', id), ...changedFields(factsOf(before), factsOf(after)) },
      };
    });
    await this.live.refresh();
  }
}

const lockedKey = async (database: EntityManager, id: string): Promise<ShownKey> => {
  const [key] = await database.query<ShownKey[]>(`select ${SHOWN} from api_key where id = $1 for update`, [id]);
  if (!key) throw noSuchKey();
  return key;
};

const factsOf = ({ name, scopes, prefix, expiresAt, revokedAt }: ShownKey) => ({
  name,
  scopes,
  prefix,
  expiresAt,
  revokedAt,
});

/** `before` is the row as it was. Of two rotations at one instant, the second waits for the first and changes nothing. */
const ROTATE = `
with before as (
  select id, expires_at - created_at as lifetime from api_key where id = $1
), rotated as (
  update api_key
  set rotated_at = now(), expires_at = least(expires_at, now() + $2 * interval '1 second')
  where id = $1 and rotated_at is null and ${IS_LIVE}
  returning id, name, scopes, first_id, expires_at
), made as (
  insert into api_key (name, scopes, prefix, hash, first_id, created_by, expires_at)
  select name, scopes, $3, $4, coalesce(first_id, id), $5, coalesce($6, case when lifetime is not null then least(now() + lifetime, '9999-12-31T23:59:59.999Z') end)
  from rotated join before using (id)
  returning ${SHOWN}
)
select made.*, rotated.expires_at as "previousKeyUntil" from made, rotated`;

const notRotatable = ({ rotatedAt, active }: ShownKey): AppError =>
  new AppError('CONFLICT', {
    detail:
      rotatedAt && active
        ? 'The key was rotated already; rotate its successor, which has the same subject.'
        : 'The key is revoked or expired; make another one.',
  });

const noSuchKey = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such API key.' });
