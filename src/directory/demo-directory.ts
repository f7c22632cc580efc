/**
 * Demo users. Their phones end in the user's id, so a number in a log or on a screen identifies its user. A callee's
 * last two digits select the simulator's script. No real phone rings, because the simulator rings none.
 */
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import type { KeyRing } from '../config/key-ring.js';
import { AppUser } from './app-user.entity.js';
import { encryptSecret } from './secret-cipher.js';
import { ServiceLine } from './service-line.entity.js';
import { SubAccount } from './sub-account.entity.js';

const PROVIDER = 'simulator';

const CALLER_WITHOUT_PHONE = '1002';
const CALLER_WITHOUT_SUB_ACCOUNT = '1003';
const CALLEE_WITHOUT_PHONE = '2100';

const idsBetween = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => String(first + index));

/** All from the fourth on are complete: enough for a load test. */
const CALLERS = idsBetween(1001, 1050);
/** One for each script of the simulator. */
const CALLEES = idsBetween(2000, 2013);

const USERS: readonly Readonly<Omit<AppUser, 'blocked' | 'externalId' | 'phoneWithExtension' | 'shown'>>[] = [
  ...CALLERS.map((id) => ({
    id,
    name: `Demo caller ${id}`,
    phone: id === CALLER_WITHOUT_PHONE ? null : `+861390000${id}`,
  })),
  ...CALLEES.map((id) => ({ id, name: `Demo callee ${id}`, phone: `+861380000${id}` })),
  { id: CALLEE_WITHOUT_PHONE, name: `Demo callee ${CALLEE_WITHOUT_PHONE}`, phone: null },
];

const SERVICE_LINE = { name: 'Demo customer service', phone: '+864000000000', open: true, position: 1 };

const subAccounts = (keys: KeyRing) =>
  CALLERS.filter((id) => id !== CALLER_WITHOUT_SUB_ACCOUNT).map((userId) => {
    const owner = { userId, provider: PROVIDER };
    const secret = randomBytes(24).toString('base64url');
    return { ...owner, externalId: `demo-${userId}`, ...encryptSecret(secret, owner, keys) };
  });

/**
 * Fills a directory without users and service lines.
 * @returns whether it was empty, and so has been filled
 */
export const seedDemoDirectory = (dataSource: DataSource, keys: KeyRing): Promise<boolean> =>
  dataSource.transaction(async (database) => {
    // If two processes start together, the second waits here and then finds the directory filled.
    await database.query('lock table app_user, service_line in share row exclusive mode');
    if (!(await isEmpty(database))) return false;
    await database.insert(AppUser, [...USERS]);
    await database.insert(SubAccount, subAccounts(keys));
    // A copy, because TypeORM writes the id into its argument.
    await database.insert(ServiceLine, { ...SERVICE_LINE });
    return true;
  });

const isEmpty = async (database: EntityManager): Promise<boolean> => {
  const [found] = await database.query<{ empty: boolean }[]>(
    'select not exists (select from app_user) and not exists (select from service_line) as empty',
  );
  return found?.empty ?? false;
};
