/**
 * The access rules of the embedded database: only the system user of Ringback may connect, over the socket. The kernel
 * identifies the peer (peer authentication), so there is no password.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ServerUser } from './server-user.js';

/** That user could start a server on these files as any role, so it may log in as all of them. */
const RULES = 'local all all peer map=ringback\n';

/** Existing rules are replaced: an earlier version trusted every process that reached the socket. */
export const writeAccessRules = async (cluster: string, user: ServerUser | undefined): Promise<void> => {
  const name = ownName().replaceAll('"', '""');
  await replace(join(cluster, 'pg_hba.conf'), RULES, user);
  await replace(join(cluster, 'pg_ident.conf'), `ringback "${name}" all\n`, user);
};

/** @throws Error with a message for the operator */
export const ownName = (): string => {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new Error(
      `The user with the number ${process.getuid?.() ?? '?'} has no name on this system (no entry in /etc/passwd), and ` +
        'PostgreSQL needs one: run Ringback as a user that has, or set DATABASE_URL.',
      { cause },
    );
  }
};

/** The folder belongs to the server's user. So root writes a new file and renames it, and follows no link. */
const replace = async (file: string, text: string, user: ServerUser | undefined): Promise<void> => {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      if (user) await handle.chown(user.uid, user.gid);
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
};
