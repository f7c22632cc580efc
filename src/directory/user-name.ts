/** A user is named by id or by external id. No text is both (external-id.ts), so the text says which. Pure. */
import { isLong } from '../common/long.js';

/**
 * As SQL, of a row of app_user. Unlike a subquery for the id, it is checked again once a lock has been waited for. So a user
 * whose external id has moved meanwhile is not found.
 * @param id and externalId: the parameters of `idAndExternalId`
 */
export const isNamed = (user: string, id: string, externalId: string): string =>
  `(${user}.id = ${id}::bigint or ${user}.external_id = ${externalId}::text)`;

/** Null for the one that the name is not. */
export const idAndExternalId = (name: string | null): readonly [string | null, string | null] =>
  isLong(name) ? [name, null] : [null, name];
