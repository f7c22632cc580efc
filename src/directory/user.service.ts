import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { changedFields } from '../audit/masked-facts.js';
import { AppError } from '../common/error-table.js';
import { MAX_LONG, isLong } from '../common/long.js';
import { CONFIG, type Config } from '../config/config.js';
import type { AppUser } from './app-user.entity.js';
import { dialablePhone } from './dialable-phone.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../common/page.js';

export type User = Readonly<AppUser>;
export type NewUser = Omit<User, 'blocked'>;

/** Notified when a user is blocked or unblocked. */
export const USERS_BLOCKED_CHANNEL = 'ringback_users_blocked';

/** Absent fields stay unchanged; a phone of null is unbound. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly phone?: string | null | undefined;
  readonly blocked?: boolean | undefined;
}

export const noSuchUser = (): AppError =>
  new AppError('NOT_FOUND', { detail: `There is no such user. A user id is a whole number, 1 to ${MAX_LONG}.` });

/** Manages single users. An id that is not a Long does not exist. */
@Injectable()
export class UserService {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  create({ id, name, phone }: NewUser, author: Author): Promise<User> {
    const values = [id, name, this.storedPhone(phone)];
    return this.audit.change(author, async (database) => {
      const [user] = await database.query<User[]>(
        'insert into app_user (id, name, phone) values ($1, $2, $3) on conflict do nothing returning id, name, phone, blocked',
        values,
      );
      if (!user) throw new AppError('CONFLICT', { detail: `There is a user ${id} already; change it with PATCH.` });
      return { result: user, entry: { target: targetOf(id), after: factsOf(user) } };
    });
  }

  async find(id: string): Promise<User> {
    const [user] = isLong(id)
      ? await this.database.query<User[]>('select id, name, phone, blocked from app_user where id = $1', [id])
      : [];
    if (!user) throw noSuchUser();
    return user;
  }

  async list({ after, limit }: PageRequest): Promise<Page<User>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<User[]>(
      'select id, name, phone, blocked from app_user where id > $1 order by id limit $2',
      [after ?? '0', limit + 1],
    );
    return pageOf(rows, limit, (user) => user.id);
  }

  async change(id: string, { name, phone, blocked }: UserChange, author: Author): Promise<User> {
    if (!isLong(id)) throw noSuchUser();
    const values = [id, name ?? null, phone !== undefined, this.storedPhone(phone ?? null), blocked ?? null];
    const user = await this.audit.change(author, async (database) => {
      const before = await lockedUser(database, id);
      const [[changed]] = await database.query<[[User], number]>(
        `update app_user
         set name = coalesce($2, name), phone = case when $3::boolean then $4 else phone end, blocked = coalesce($5, blocked)
         where id = $1
         returning id, name, phone, blocked`,
        values,
      );
      return { result: changed, entry: { target: targetOf(id), ...changedFields(factsOf(before), factsOf(changed)) } };
    });
    // A replica that misses the notification reads the column within a minute.
    if (blocked !== undefined) await this.database.query('select pg_notify($1, $2)', [USERS_BLOCKED_CHANNEL, id]);
    return user;
  }

  /** The user's sub-accounts are removed too; the records of the calls are kept. */
  async remove(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchUser();
    await this.audit.change(author, async (database) => {
      const { subAccounts, ...user } = await lockedUser(database, id);
      await database.query('delete from app_user where id = $1', [id]);
      return { result: undefined, entry: { target: targetOf(id), before: { ...factsOf(user), subAccounts } } };
    });
  }

  private storedPhone(phone: string | null): string | null {
    return phone === null ? null : dialablePhone(phone, this.config.phoneRegion);
  }
}

interface LockedUser extends User {
  /** The providers at which the user has one. */
  readonly subAccounts: readonly string[];
}

const lockedUser = async (database: EntityManager, id: string): Promise<LockedUser> => {
  const [user] = await database.query<LockedUser[]>(
    `select id, name, phone, blocked,
       array(select provider from sub_account where user_id = app_user.id order by provider) as "subAccounts"
     from app_user where id = $1 for update`,
    [id],
  );
  if (!user) throw noSuchUser();
  return user;
};

const targetOf = (id: string): string => `user:${id}`;
const factsOf = ({ name, phone, blocked }: User) => ({ name, phone, blocked });
