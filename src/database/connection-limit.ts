/**
 * Checks the connection limit of the role and the database at start. Otherwise only later connections would fail, under
 * load.
 */
import type { DatabaseSetting } from '../config/config.js';
import { connectionTo } from '../postgres/first-connection.js';
import { MIN_SESSIONS } from '../postgres/session-check.js';

/** Superusers are not limited. */
const LIMIT = `
select least(nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) as limit
from pg_roles, pg_database where rolname = session_user and datname = current_database() and not rolsuper`;

/** @throws Error if one process needs more */
export const checkConnectionLimit = async (url: string, setting: DatabaseSetting): Promise<void> => {
  const client = await connectionTo(url, setting);
  try {
    const { rows } = await client.query<{ limit: number | null }>(LIMIT);
    const limit = rows[0]?.limit ?? Infinity;
    if (limit >= MIN_SESSIONS) return;
    throw new Error(
      `The role or the database allows ${limit} concurrent connections. A process needs at least ${MIN_SESSIONS}, and ` +
        'DATABASE_POOL_SIZE + 4 under load: alter role … connection limit, or alter database … connection limit.',
    );
  } finally {
    await client.end();
  }
};
