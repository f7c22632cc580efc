/** Whom a freeze or a budget is about, as an administrator names it in `subject`. */
import type { DataSource } from 'typeorm';
import { AppError } from '../common/error-table.js';
import { namesUser } from '../common/external-id.js';
import { idAndExternalId, isNamed } from './user-name.js';

export const NO_SUCH_USER = 'is no user of the directory';

export const badSubject = (what: string): AppError =>
  new AppError('BAD_REQUEST', { faults: [{ where: '/subject', what }] });

/** @param name the id or the external id @throws AppError BAD_REQUEST if nobody has it */
export const userIdOf = async (database: DataSource, name: string): Promise<string> => {
  const [user] = namesUser(name)
    ? await database.query<{ id: string }[]>(`select id from app_user where ${isNamed('app_user', '$1', '$2')}`, [
        ...idAndExternalId(name),
      ])
    : [];
  if (!user) throw badSubject(NO_SUCH_USER);
  return user.id;
};

/** `<provider>/<external id>` */
export const subAccountFault = (subject: string): string | null =>
  /^[a-z][a-z0-9_-]*\/./.test(subject) ? null : 'must be the name of a provider, a slash, and an id there';
