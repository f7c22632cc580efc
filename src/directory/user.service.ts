import { Inject, Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail, type AuditedChange } from '../audit/audit-trail.service.js';
import { changedFields } from '../audit/masked-facts.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { namesUser } from '../common/external-id.js';
import { MAX_LONG, isLong } from '../common/long.js';
import { readPhone, writtenPhone, type DialledPhone } from '../common/phone-number.js';
import { CONFIG, type Config } from '../config/config.js';
import type { AppUser } from './app-user.entity.js';
import { dialledPhone, dialledPhoneWritten } from './dialable-phone.js';
import { listUsers } from './list-users.js';
import { badCursor, type Page, type PageRequest } from '../common/page.js';
import { numberIn, phoneIfExtended, phoneOf, shownOf } from './phone-columns.js';
import { storedShown, type ShownNumbers, type WrittenNumbers } from './shown-numbers.js';
import { idAndExternalId, isNamed } from './user-name.js';

/** `phone` is in its written form. */
export type User = Readonly<Omit<AppUser, 'phoneWithExtension' | 'shown'>> & { readonly shown: ShownNumbers };
export type NewUser = Omit<User, 'blocked' | 'shown'> & { readonly shown?: WrittenNumbers };

/** Notified when a user is blocked or unblocked. */
export const USERS_BLOCKED_CHANNEL = 'ringback_users_blocked';

/** Notified when an external id no longer belongs to its user. */
export const EXTERNAL_IDS_CHANNEL = 'ringback_external_ids';

/** Absent fields stay unchanged; a phone or an external id of null is removed. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly phone?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  readonly blocked?: boolean | undefined;
  readonly shown?: WrittenNumbers | undefined;
}

export const noSuchUser = (): AppError =>
  new AppError('NOT_FOUND', {
    detail: `There is no such user. Name a user by id, a whole number from 1 to ${MAX_LONG}, or by externalId.`,
  });

/** SQLSTATE unique_violation. */
const NOT_UNIQUE = '23505';

export const isExternalIdTaken = (error: unknown): boolean => {
  const { code, constraint } = (error instanceof QueryFailedError ? error.driverError : {}) as Record<string, unknown>;
  return code === NOT_UNIQUE && constraint === 'app_user_external_id';
};

const SHOWN = `id, name, ${phoneOf('app_user')} as phone, external_id as "externalId", blocked, ${shownOf('app_user')} as shown`;

export interface UserFilter {
  readonly externalId?: string | undefined;
  /** A part of it. */
  readonly name?: string | undefined;
  /** In any notation, with or without an extension. */
  readonly phone?: string | undefined;
}

/** Manages single users. Each is named by id or external id; a text that can be neither does not exist. */
@Injectable()
export class UserService {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError CONFLICT if the id or the external id belongs to another user */
  create({ id, name, phone, externalId, shown = {} }: NewUser, author: Author): Promise<User> {
    const numbers = JSON.stringify(storedShown(shown, this.config.phoneRegion));
    const values = [id, name, this.storedPhone(phone), externalId, numbers];
    return this.write(author, async (database) => {
      const [user] = await database.query<User[]>(
        `insert into app_user (id, name, phone, phone_with_extension, external_id, shown)
         values ($1, $2, ${numberIn('$3')}, ${phoneIfExtended('$3')}, $4, $5)
         on conflict on constraint app_user_pkey do nothing
         returning ${SHOWN}`,
        values,
      );
      if (!user) throw new AppError('CONFLICT', { detail: `There is a user ${id} already; change it with PATCH.` });
      return { result: user, entry: { target: targetOf('user', id), after: factsOf(user) } };
    });
  }

  async find(name: string): Promise<User> {
    const [user] = namesUser(name)
      ? await this.database.query<User[]>(`select ${SHOWN} from app_user where ${isNamed('app_user', '$1', '$2')}`, [
          ...idAndExternalId(name),
        ])
      : [];
    if (!user) throw noSuchUser();
    return user;
  }

  /** @throws AppError that names each parameter that is wrong */
  list({ after, limit, externalId, name, phone: written }: PageRequest & UserFilter): Promise<Page<User>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const phone = written === undefined ? undefined : this.dialled(written);
    return listUsers(this.database, SHOWN, { externalId, name, phone }, { after, limit });
  }

  /** @throws AppError NOT_FOUND; CONFLICT if the external id belongs to another user */
  async change(user: string, { name, phone, externalId, blocked, shown }: UserChange, author: Author): Promise<User> {
    const values = [
      name ?? null,
      phone !== undefined,
      this.storedPhone(phone ?? null),
      externalId !== undefined,
      externalId ?? null,
      blocked ?? null,
      shown === undefined ? null : JSON.stringify(storedShown(shown, this.config.phoneRegion)),
    ];
    const { before, after } = await this.write(author, async (database) => {
      const former = await lockedUser(database, user);
      const [[changed]] = await database.query<[[User], number]>(
        `update app_user
         set name = coalesce($2, name), phone = case when $3::boolean then ${numberIn('$4')} else phone end,
           phone_with_extension = case when $3::boolean then ${phoneIfExtended('$4')} else phone_with_extension end,
           external_id = case when $5::boolean then $6 else external_id end, blocked = coalesce($7, blocked),
           shown = coalesce($8, shown)
         where id = $1
         returning ${SHOWN}`,
        [former.id, ...values],
      );
      const entry = { target: targetOf('user', former.id), ...changedFields(factsOf(former), factsOf(changed)) };
      return { result: { before: former, after: changed }, entry };
    });
    // A replica that misses a notification reads the columns within a minute.
    if (blocked !== undefined) await this.notify(USERS_BLOCKED_CHANNEL, after.id);
    // Replicas remember only for a second that nobody has an external id.
    if (before.externalId !== null && before.externalId !== after.externalId) {
      await this.notify(EXTERNAL_IDS_CHANNEL, after.id);
    }
    return after;
  }

  /**
   * The user's sub-accounts are removed too; the records of the calls are kept.
   * @throws AppError NOT_FOUND; CONFLICT if the user is blocked: a token of nobody's is not
   */
  async remove(name: string, author: Author): Promise<void> {
    const removed = await this.write(author, async (database) => {
      const { subAccounts, ...user } = await lockedUser(database, name);
      if (user.blocked) {
        throw new AppError('CONFLICT', {
          detail:
            'The user is blocked, and the block would end. When all tokens of the user have expired, unblock first.',
        });
      }
      await database.query('delete from app_user where id = $1', [user.id]);
      return { result: user, entry: { target: targetOf('user', user.id), before: { ...factsOf(user), subAccounts } } };
    });
    if (removed.externalId !== null) await this.notify(EXTERNAL_IDS_CHANNEL, removed.id);
  }

  private async write<T>(author: Author, work: (database: EntityManager) => Promise<AuditedChange<T>>): Promise<T> {
    try {
      return await this.audit.change(author, work);
    } catch (error) {
      if (!isExternalIdTaken(error)) throw error;
      throw new AppError('CONFLICT', { detail: 'Another user has this externalId; remove it there first.' });
    }
  }

  private async notify(channel: string, id: string): Promise<void> {
    await this.database.query('select pg_notify($1, $2)', [channel, id]);
  }

  /** The written form of a phone in a query. @throws AppError that names the parameter `phone` */
  phoneInQuery(written: string): string {
    const { number, extension } = this.dialled(written);
    return writtenPhone(number, extension);
  }

  private dialled(written: string): DialledPhone {
    const { phoneRegion } = this.config;
    // In a query string an unescaped plus is decoded as a blank.
    return readPhone(written.replace(/^ /, '+'), phoneRegion) ?? dialledPhone(written, phoneRegion);
  }

  private storedPhone(phone: string | null): string | null {
    return phone === null ? null : dialledPhoneWritten(phone, this.config.phoneRegion);
  }
}

interface LockedUser extends User {
  /** The providers at which the user has one. */
  readonly subAccounts: readonly string[];
}

const lockedUser = async (database: EntityManager, name: string): Promise<LockedUser> => {
  if (!namesUser(name)) throw noSuchUser();
  const [user] = await database.query<LockedUser[]>(
    `select ${SHOWN},
       array(select provider from sub_account where user_id = app_user.id order by provider) as "subAccounts"
     from app_user where ${isNamed('app_user', '$1', '$2')} for update`,
    [...idAndExternalId(name)],
  );
  if (!user) throw noSuchUser();
  return user;
};

const factsOf = ({ id: _id, ...facts }: User): Omit<User, 'id'> => facts;
