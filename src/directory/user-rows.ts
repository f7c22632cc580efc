/**
 * Validates a list of users from an app's backend. This is done by hand and not by class-validator, to report all
 * faults together: faults of single rows, phones that cannot be dialled in this region, and two rows for one user.
 */
import { AppError, wrongRows, type Fault } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import { nextTurn } from '../common/next-turn.js';
import { readPhone, writtenPhone } from '../common/phone-number.js';
import { NOT_DIALABLE_PHONE } from './dialable-phone.js';
import {
  externalIdOrNoneRule,
  nameRule,
  phoneOrNoneRule,
  secretRule,
  subAccountIdRule,
  trimmed,
  userIdRule,
} from './field-rules.js';
import { shownFaults, storedShown, type ShownNumbers, type WrittenNumbers } from './shown-numbers.js';
import type { SubAccountToStore } from './sub-account.service.js';
import type { NewUser } from './user.service.js';

export const MAX_USERS_AT_ONCE = 10_000;

/** Maximum number of reported faults. More would be of no use and take long to write. */
const MAX_FAULTS = 10_000;
const MAX_STRANGE_FIELDS = 10;

/** These rows take 5 to 10 ms. Then other requests get a turn, instead of waiting for all 10,000. */
const ROWS_A_TURN = 200;

const FIELDS: ReadonlySet<string> = new Set(['id', 'name', 'phone', 'externalId', 'shown', 'subAccounts']);
const ACCOUNT_FIELDS: ReadonlySet<string> = new Set(['provider', 'externalId', 'secret']);

type JsonObject = Readonly<Record<string, unknown>>;

export interface UserRow extends Omit<NewUser, 'externalId' | 'shown'> {
  /** Undefined leaves the stored one as it is. */
  readonly externalId: string | null | undefined;
  /** Likewise. */
  readonly shown: ShownNumbers | undefined;
  /** Accounts at other providers stay as they are. */
  readonly subAccounts: readonly SubAccountToStore[];
}

/** What rows are checked against. */
export interface RowTerms {
  readonly region: string;
  /** The names of the configured providers. */
  readonly providers: readonly string[];
}

/**
 * @param body `{"users": [{"id", "name", "phone", "externalId", "subAccounts"}, …]}`; an absent phone means none
 * @throws AppError with all faults of all rows
 */
export const readUserRows = async (body: unknown, terms: RowTerms): Promise<UserRow[]> => {
  const { users, faults } = await tryUserRows(rowsOf(body), terms);
  if (faults.length > 0) throw wrongRows(faults);
  return users;
};

/** @returns the users, which are right only if there is no fault */
export const tryUserRows = async (
  rows: readonly unknown[],
  { region, providers }: RowTerms,
): Promise<{ readonly users: UserRow[]; readonly faults: readonly Fault[] }> => {
  const users: UserRow[] = [];
  const faults: Fault[] = [];
  const placeOfId = new Map<string, string>();
  const placeOfExternalId = new Map<string, string>();
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_A_TURN === 0) await nextTurn();
    if (faults.length >= MAX_FAULTS) break;
    const place = `/users/${index}`;
    if (!isObject(row)) {
      faults.push({ where: place, what: 'must be an object with id and name' });
      continue;
    }
    const user = {
      id: row['id'],
      name: trimmed(row['name']),
      phone: storedPhone(row['phone'] ?? null, region),
      externalId: row['externalId'],
      shown: row['shown'],
      subAccounts: accountsIn(row['subAccounts']),
    };
    const ofShown = user.shown === undefined ? [] : shownFaults(user.shown, region);
    if (user.shown !== undefined && ofShown.length === 0)
      user.shown = storedShown(user.shown as WrittenNumbers, region);
    faults.push(
      ...faultsOf(row, user, place),
      ...ofShown.map(({ where, what }) => ({ where: place + where, what })),
      ...accountFaults(user.subAccounts, providers, `${place}/subAccounts`),
      ...twinFaults(isLong(user.id) ? user.id : undefined, placeOfId, place, 'id'),
      ...twinFaults(textIn(user.externalId), placeOfExternalId, place, 'externalId'),
    );
    // If there is no fault, each field satisfies its rule.
    users.push(user as UserRow);
  }
  return { users, faults: faults.slice(0, MAX_FAULTS) };
};

const rowsOf = (body: unknown): readonly unknown[] => {
  const users: unknown = isObject(body) ? body['users'] : undefined;
  if (!isObject(body) || !Array.isArray(users)) {
    throw new AppError('BAD_REQUEST', { faults: [{ where: '/users', what: 'must be an array of users' }] });
  }
  const strangers = strangeFields(body, new Set(['users']));
  if (strangers.length > 0) {
    throw new AppError('BAD_REQUEST', { faults: strangers.map((key) => strange('', key, 'users is the only one')) });
  }
  if (users.length > MAX_USERS_AT_ONCE) {
    throw new AppError('TOO_LARGE', {
      detail: `A request holds ${MAX_USERS_AT_ONCE} users at most, and this one ${users.length}; send it in parts.`,
    });
  }
  return users;
};

/** Undefined if the text cannot be dialled. A value that is not text is left to its rule. */
const storedPhone = (phone: unknown, region: string): unknown => {
  if (typeof phone !== 'string') return phone;
  const read = readPhone(phone, region);
  return read ? writtenPhone(read.number, read.extension) : undefined;
};

const faultsOf = (row: JsonObject, user: JsonObject, place: string): Fault[] => {
  const faults = strangeFields(row, FIELDS).map((key) => strange(place, key, `a user has ${[...FIELDS].join(', ')}`));
  const check = (field: string, what: string | null) => {
    if (what) faults.push({ where: `${place}/${field}`, what });
  };
  check('id', userIdRule(user['id']));
  check('name', nameRule(user['name']));
  check('phone', user['phone'] === undefined ? NOT_DIALABLE_PHONE : phoneOrNoneRule(user['phone']));
  check('externalId', user['externalId'] === undefined ? null : externalIdOrNoneRule(user['externalId']));
  return faults;
};

/** A value that is no list is left to its rule. */
const accountsIn = (accounts: unknown): unknown => {
  if (!Array.isArray(accounts)) return accounts === undefined ? [] : accounts;
  return accounts.map((account: unknown) =>
    isObject(account) ? { ...account, externalId: trimmed(account['externalId']) } : account,
  );
};

const accountFaults = (accounts: unknown, providers: readonly string[], place: string): Fault[] => {
  if (!Array.isArray(accounts)) return [{ where: place, what: 'must be an array of sub-accounts' }];
  // Before each is looked at: a row may have a hundred thousand.
  if (accounts.length > providers.length) return [{ where: place, what: 'must have one for each provider at most' }];
  const placeOfProvider = new Map<string, string>();
  return accounts.flatMap((account: unknown, index) => {
    const where = `${place}/${index}`;
    if (!isObject(account)) return [{ where, what: `must be an object with ${[...ACCOUNT_FIELDS].join(', ')}` }];
    const check = (field: string, what: string | null): Fault[] => (what ? [{ where: `${where}/${field}`, what }] : []);
    const provider = textIn(account['provider']);
    const isKnown = provider !== undefined && providers.includes(provider);
    return [
      ...strangeFields(account, ACCOUNT_FIELDS).map((key) =>
        strange(where, key, `a sub-account has ${[...ACCOUNT_FIELDS].join(', ')}`),
      ),
      ...check('provider', isKnown ? null : `must be a provider of this service: ${providers.join(', ')}`),
      ...check('externalId', subAccountIdRule(account['externalId'])),
      ...check('secret', secretRule(account['secret'])),
      ...twinFaults(provider, placeOfProvider, where, 'provider'),
    ];
  });
};

/** A value may come once among its siblings. */
const twinFaults = (value: string | undefined, places: Map<string, string>, place: string, field: string): Fault[] => {
  if (value === undefined) return [];
  const twin = places.get(value);
  if (twin) return [{ where: `${place}/${field}`, what: `is the ${field} of ${twin} too` }];
  places.set(value, place);
  return [];
};

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const strangeFields = (object: JsonObject, known: ReadonlySet<string>): string[] =>
  Object.keys(object)
    .filter((key) => !known.has(key))
    .slice(0, MAX_STRANGE_FIELDS);

const strange = (place: string, key: string, instead: string): Fault => ({
  // RFC 6901 §3
  where: `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  what: `is an unknown field: ${instead}`,
});

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
