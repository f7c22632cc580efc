import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { AppError } from '../common/error-table.js';
import { nextTurn } from '../common/next-turn.js';
import { CONFIG, type Config } from '../config/config.js';
import type { KeyRing } from '../config/key-ring.js';
import { numberIn, phoneIfExtended } from './phone-columns.js';
import { decryptSecret, encryptSecret, type StoredSecret } from './secret-cipher.js';
import { SUB_ACCOUNT_KEYS } from './sub-account-keys.js';
import { withoutSecret, type SubAccountToStore } from './sub-account.service.js';
import { readUserRows, type UserRow } from './user-rows.js';
import { EXTERNAL_IDS_CHANNEL, isExternalIdTaken } from './user.service.js';

export interface SyncOutcome {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Users that one statement writes. The index for the search by parts of names has up to 200 entries a user: 10,000 long names
 * at once take seconds, and on a slow machine longer than a statement may (postgres/time-limits.ts).
 */
const USERS_A_STATEMENT = 1000;

/** Ids that the audit keeps of a sync, each of created and of changed users: 10,000 would be 200 KB for one entry. */
const IDS_KEPT = 100;

/** Rolls back what a dry run has done. */
class DryRunOver extends Error {
  constructor(readonly written: { readonly outcome: SyncOutcome; readonly hasLosers: boolean }) {
    super('A dry run is over.');
  }
}

interface Written {
  readonly created: number;
  readonly changed: number;
  readonly createdIds: readonly string[];
  readonly changedIds: readonly string[];
}

/**
 * Rows that have not changed are locked and not written again, so a nightly sync of all users writes little. The order, which
 * the statements of one sync keep too, prevents deadlocks between two concurrent syncs. xmax is 0 only for inserted rows. The
 * rows are passed as JSON, because pg takes half a second to write an array of 10,000 quoted texts, which blocks all requests.
 * $2: the ids of the rows that have an external id, or null for one. $3: the sub-accounts to write. $4: the ids of users who
 * have lost their external id in this transaction.
 */
const STATEMENT = `
with written as (
  insert into app_user as known (id, name, phone, phone_with_extension, external_id, shown)
  select id, name, ${numberIn('phone')}, ${phoneIfExtended('phone')}, "externalId", shown
  from json_to_recordset($1) as given (id bigint, name text, phone text, "externalId" text, shown json)
  order by id
  on conflict on constraint app_user_pkey do update
  set name = excluded.name, phone = excluded.phone, phone_with_extension = excluded.phone_with_extension,
    external_id = case when excluded.id = any ($2::bigint[]) then excluded.external_id else known.external_id end,
    shown = coalesce(excluded.shown, known.shown)
  where (known.name, known.phone, known.phone_with_extension)
      is distinct from (excluded.name, excluded.phone, excluded.phone_with_extension)
    or excluded.id = any ($2::bigint[]) and known.external_id is distinct from excluded.external_id
    or excluded.shown is not null and known.shown::text is distinct from excluded.shown::text
  returning id, xmax = 0 as created
), accounts as (
  insert into sub_account (user_id, provider, external_id, secret, key_name)
  select "userId", provider, "externalId", secret, "keyName"
  from json_to_recordset($3)
    as given ("userId" bigint, provider text, "externalId" text, secret text, "keyName" text)
  order by "userId", provider
  on conflict on constraint sub_account_pkey do update
  set external_id = excluded.external_id, secret = excluded.secret, key_name = excluded.key_name
  returning user_id
)
select count(*) filter (where created)::integer as created, count(*) filter (where not created)::integer as changed,
  coalesce((array_agg(id order by id) filter (where created))[1:${IDS_KEPT}], '{}') as "createdIds",
  coalesce((array_agg(id order by id) filter (where not created))[1:${IDS_KEPT}], '{}') as "changedIds"
from (
  select id, created from written
  union all
  select id, false
  from (select user_id from accounts union select unnest($4::bigint[])) as other (id)
  where not exists (select from written where written.id = other.id)
) one
`;

/**
 * Users who do not keep their external id. Another user of the list may get it, and PostgreSQL checks a unique index at each
 * row, so they lose it before the rows are written.
 */
const FIND_LOSERS = `
select known.id
from json_to_recordset($1) as given (id bigint, "externalId" text)
join app_user known on known.id = given.id
where known.id = any ($2::bigint[]) and known.external_id is not null
  and known.external_id is distinct from given."externalId"
`;

/** In the order of STATEMENT, and before FIND_LOSERS, so that no other request moves an external id in between. */
const LOCK = 'select from app_user where id = any ($1::bigint[]) order by id for update';

const CLEAR = 'update app_user set external_id = null where id = any ($1::bigint[])';

const FIND_ACCOUNTS = `
select user_id as "userId", sub_account.provider, external_id as "externalId", secret, key_name as "keyName"
from json_to_recordset($1) as given ("userId" bigint, provider text)
join sub_account on sub_account.user_id = given."userId" and sub_account.provider = given.provider
`;

/** The rows whose external id belongs to a user who keeps it. */
const FIND_TAKEN = `
select given.id, known.id as "owner"
from json_to_recordset($1) as given (id bigint, "externalId" text)
join app_user known on known.external_id = given."externalId" and known.id <> given.id
where known.id <> all ($2::bigint[])
order by given.id limit 10
`;

/** These accounts take a few milliseconds to encrypt. Then other requests get a turn. */
const ACCOUNTS_A_TURN = 200;

/** Two lists that create the same users cannot lock them. The second finds them at its next attempt. */
const ATTEMPTS = 2;

interface Taken {
  readonly id: string;
  readonly owner: string;
}

interface AccountOfUser extends SubAccountToStore {
  readonly userId: string;
}

interface ToWrite {
  /** In the order of their ids. */
  readonly users: readonly StoredUser[];
  readonly accounts: readonly StoredAccount[];
  readonly dryRun: boolean;
}

type StoredUser = Omit<UserRow, 'subAccounts'>;

type StoredAccount = StoredSecret & Omit<AccountOfUser, 'secret'>;

/** Stores the data of many users from the app's backend, all or none. Other users stay unchanged. */
@Injectable()
export class UserSyncService {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SUB_ACCOUNT_KEYS) private readonly keys: KeyRing,
  ) {}

  /**
   * @param body as received (user-rows.ts)
   * @param providers the names of the configured providers
   * @param dryRun says what would be done, and does nothing
   */
  async sync(body: unknown, providers: readonly string[], author: Author, dryRun = false): Promise<SyncOutcome> {
    const rows = await readUserRows(body, { region: this.config.phoneRegion, providers });
    const accounts = await this.changedAccounts(
      rows.flatMap(({ id, subAccounts }) => subAccounts.map((account) => ({ userId: id, ...account }))),
    );
    const users = rows.map(({ subAccounts: _, ...user }) => user).sort(byId);
    const { outcome, hasLosers } = await this.write(rows, { users, accounts, dryRun }, author);
    // Replicas remember only for a second that nobody has an external id.
    if (hasLosers && !dryRun) {
      await this.database.query('select pg_notify($1, $2)', [EXTERNAL_IDS_CHANNEL, '']);
    }
    return outcome;
  }

  private async write(
    rows: readonly UserRow[],
    toWrite: ToWrite,
    author: Author,
    attempts = ATTEMPTS,
  ): Promise<{ readonly outcome: SyncOutcome; readonly hasLosers: boolean }> {
    const { users, accounts, dryRun } = toWrite;
    try {
      return await this.audit.change(author, async (database) => {
        const losers = await clearLosers(database, users);
        const { createdIds, changedIds, ...counts } = await writeInParts(database, toWrite, losers);
        const outcome = { ...counts, unchanged: rows.length - counts.created - counts.changed };
        if (dryRun) throw new DryRunOver({ outcome, hasLosers: losers.length > 0 });
        return {
          result: { outcome, hasLosers: losers.length > 0 },
          entry: { detail: { ...outcome, createdIds, changedIds } },
        };
      });
    } catch (error) {
      if (error instanceof DryRunOver) return error.written;
      if (!isExternalIdTaken(error)) throw accounts.length > 0 ? withoutSecret(error) : error;
      const taken = await this.database.query<Taken[]>(FIND_TAKEN, [JSON.stringify(users), namedOf(users)]);
      if (taken.length > 0 || attempts === 1) throw conflictIn(rows, taken);
      return this.write(rows, toWrite, author, attempts - 1);
    }
  }

  /** The same secret has other bytes whenever it is encrypted, so it is compared before. */
  private async changedAccounts(accounts: readonly AccountOfUser[]): Promise<StoredAccount[]> {
    if (accounts.length === 0) return [];
    const owners = JSON.stringify(accounts.map(({ userId, provider }) => ({ userId, provider })));
    const rows = await this.database.query<StoredAccount[]>(FIND_ACCOUNTS, [owners]);
    const stored = new Map(rows.map((row) => [placeOf(row), row]));
    const changed: StoredAccount[] = [];
    for (const [index, account] of accounts.entries()) {
      if (index % ACCOUNTS_A_TURN === 0) await nextTurn();
      if (this.isStored(account, stored.get(placeOf(account)))) continue;
      changed.push({ ...account, ...encryptSecret(account.secret, account, this.keys) });
    }
    return changed;
  }

  private isStored(account: AccountOfUser, stored: StoredAccount | undefined): boolean {
    if (stored?.externalId !== account.externalId) return false;
    try {
      return decryptSecret(stored, account, this.keys) === account.secret;
    } catch {
      // Of a lost key: the account is written again.
      return false;
    }
  }
}

const conflictIn = (rows: readonly UserRow[], taken: readonly Taken[]): AppError => {
  if (taken.length === 0) {
    return new AppError('CONFLICT', {
      detail: 'Nothing has been changed: other requests change the externalIds of this list; send it again.',
    });
  }
  const places = new Map(rows.map(({ id }, index) => [id, index]));
  return new AppError('CONFLICT', {
    detail: 'Nothing has been changed: another user has an externalId of this list.',
    faults: taken.map(({ id, owner }) => ({
      where: `/users/${places.get(id) ?? ''}/externalId`,
      what: `belongs to user ${owner}`,
    })),
  });
};

/** As the database orders them. The texts are positive numbers without leading zeros. */
const byId = ({ id: one }: StoredUser, { id: other }: StoredUser): number =>
  one.length - other.length || (one < other ? -1 : 1);

/** The ids of the users that the list gives an external id, or null for one. */
const namedOf = (users: readonly StoredUser[]): string[] =>
  users.filter(({ externalId }) => externalId !== undefined).map(({ id }) => id);

/** @returns the ids of the users who have lost their external id */
const clearLosers = async (database: EntityManager, users: readonly StoredUser[]): Promise<string[]> => {
  const named = namedOf(users);
  if (named.length === 0) return [];
  await database.query(LOCK, [users.map(({ id }) => id)]);
  const found = await database.query<{ id: string }[]>(FIND_LOSERS, [JSON.stringify(users), named]);
  const losers = found.map(({ id }) => id);
  if (losers.length > 0) await database.query(CLEAR, [losers]);
  return losers;
};

const writeInParts = async (
  database: EntityManager,
  { users, accounts }: ToWrite,
  losers: readonly string[],
): Promise<Written> => {
  const accountsOf = new Map<string, StoredAccount[]>();
  for (const account of accounts) accountsOf.set(account.userId, [...(accountsOf.get(account.userId) ?? []), account]);
  const lost = new Set(losers);
  const whole = { created: 0, changed: 0, createdIds: [] as string[], changedIds: [] as string[] };
  for (let start = 0; start < users.length; start += USERS_A_STATEMENT) {
    const part = users.slice(start, start + USERS_A_STATEMENT);
    const [written] = await database.query<[Written]>(STATEMENT, [
      JSON.stringify(part),
      namedOf(part),
      JSON.stringify(part.flatMap(({ id }) => accountsOf.get(id) ?? [])),
      part.filter(({ id }) => lost.has(id)).map(({ id }) => id),
    ]);
    whole.created += written.created;
    whole.changed += written.changed;
    whole.createdIds.push(...written.createdIds);
    whole.changedIds.push(...written.changedIds);
  }
  return {
    ...whole,
    createdIds: whole.createdIds.slice(0, IDS_KEPT),
    changedIds: whole.changedIds.slice(0, IDS_KEPT),
  };
};

const placeOf = ({ userId, provider }: Pick<AccountOfUser, 'userId' | 'provider'>): string => `${userId} ${provider}`;
