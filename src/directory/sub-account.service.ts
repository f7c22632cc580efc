import { Inject, Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { namesUser } from '../common/external-id.js';
import type { KeyRing } from '../config/key-ring.js';
import { inTransactionSpan } from '../postgres/database-span.js';
import { encryptSecret } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';
import { idAndExternalId, isNamed } from './user-name.js';
import { noSuchUser } from './user.service.js';

/** A sub-account without its secret. */
export interface ShownSubAccount {
  readonly provider: string;
  readonly externalId: string;
}

export interface SubAccountToStore extends ShownSubAccount {
  readonly secret: string;
}

const noSuchSubAccount = (): AppError =>
  new AppError('NOT_FOUND', { detail: 'This user has no sub-account at this provider.' });

/** Checks the form of a provider's name, to query PostgreSQL only for possible names. */
const isName = (provider: string): boolean => /^[a-z][a-z0-9-]{0,63}$/.test(provider);

/**
 * Manages sub-accounts. The user is named by id or external id. Secrets are written here, and read only by DirectoryService
 * when a call is placed.
 */
@Injectable()
export class SubAccountService {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(SUB_ACCOUNT_KEYS) private readonly keys: KeyRing,
  ) {}

  async list(user: string): Promise<{ readonly items: readonly ShownSubAccount[] }> {
    const rows = namesUser(user)
      ? await this.database.query<(ShownSubAccount | { provider: null })[]>(
          `select account.provider, account.external_id as "externalId"
           from app_user left join sub_account account on account.user_id = app_user.id
           where ${isNamed('app_user', '$1', '$2')}
           order by account.provider`,
          [...idAndExternalId(user)],
        )
      : [];
    if (rows.length === 0) throw noSuchUser();
    return { items: rows.filter((row) => row.provider !== null) };
  }

  async find(user: string, provider: string): Promise<ShownSubAccount> {
    const [account] =
      namesUser(user) && isName(provider)
        ? await this.database.query<ShownSubAccount[]>(
            `select account.provider, account.external_id as "externalId"
             from app_user join sub_account account on account.user_id = app_user.id
             where ${isNamed('app_user', '$1', '$2')} and account.provider = $3`,
            [...idAndExternalId(user), provider],
          )
        : [];
    if (!account) throw noSuchSubAccount();
    return account;
  }

  /** @returns whether there was none before */
  async store(user: string, account: SubAccountToStore, author: Author): Promise<boolean> {
    const { provider, externalId } = account;
    return this.audit.change(author, async (database) => {
      const userId = await lockOwner(database, user);
      const before = await lockedAccount(database, userId, provider);
      const isNew = await this.insert(
        database,
        userId,
        account,
        'do update set external_id = excluded.external_id, secret = excluded.secret, key_name = excluded.key_name',
      );
      const entry = {
        target: accountTarget(userId, provider),
        before,
        after: { externalId },
        detail: { hasNewSecret: true },
      };
      return { result: isNew, entry };
    });
  }

  /** Keeps an account that an admin has stored meanwhile. @returns whether there was none before */
  storeIfNone(userId: string, account: SubAccountToStore): Promise<boolean> {
    return inTransactionSpan('store-sub-account', () =>
      this.database.transaction(async (database) => {
        await lockOwner(database, userId);
        return this.insert(database, userId, account, 'do nothing');
      }),
    );
  }

  private async insert(
    database: EntityManager,
    userId: string,
    { provider, externalId, secret }: SubAccountToStore,
    onConflict: string,
  ): Promise<boolean> {
    const stored = encryptSecret(secret, { userId, provider }, this.keys);
    try {
      const [row] = await database.query<{ created: boolean }[]>(
        `insert into sub_account (user_id, provider, external_id, secret, key_name) values ($1, $2, $3, $4, $5)
         on conflict on constraint sub_account_pkey ${onConflict}
         returning xmax = 0 as created`,
        [userId, provider, externalId, stored.secret, stored.keyName],
      );
      return row?.created ?? false;
    } catch (error) {
      throw withoutSecret(error);
    }
  }

  async remove(user: string, provider: string, author: Author): Promise<void> {
    if (!isName(provider)) throw noSuchSubAccount();
    await this.audit.change(author, async (database) => {
      const userId = await lockOwner(database, user, noSuchSubAccount);
      const before = await lockedAccount(database, userId, provider);
      if (!before) throw noSuchSubAccount();
      await database.query('delete from sub_account where user_id = $1 and provider = $2', [userId, provider]);
      return { result: undefined, entry: { target: accountTarget(userId, provider), before } };
    });
  }
}

/**
 * Before the account itself, as a list of users does. The foreign key would lock the user after it, and then each of the two
 * would wait for the other.
 */
const lockOwner = async (database: EntityManager, user: string, noSuchOwner = noSuchUser): Promise<string> => {
  const [owner] = namesUser(user)
    ? await database.query<{ id: string }[]>(
        `select id from app_user where ${isNamed('app_user', '$1', '$2')} for key share`,
        [...idAndExternalId(user)],
      )
    : [];
  if (!owner) throw noSuchOwner();
  return owner.id;
};

const lockedAccount = async (
  database: EntityManager,
  userId: string,
  provider: string,
): Promise<{ readonly externalId: string } | null> => {
  const [account] = await database.query<{ externalId: string }[]>(
    'select external_id as "externalId" from sub_account where user_id = $1 and provider = $2 for update',
    [userId, provider],
  );
  return account ?? null;
};

const accountTarget = (userId: string, provider: string): string => targetOf('sub-account', `${userId}/${provider}`);

/**
 * A logged error must not contain the secret, even encrypted. TypeORM's error has the parameters, and PostgreSQL's
 * detail the whole row.
 */
export const withoutSecret = (error: unknown): unknown => {
  if (!(error instanceof QueryFailedError)) return error;
  const { code } = error.driverError as { code?: unknown };
  return Object.assign(new Error(error.message), { code });
};
