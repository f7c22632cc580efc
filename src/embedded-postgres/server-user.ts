/**
 * The system user that the embedded PostgreSQL runs as. PostgreSQL refuses to run as root. If Ringback is root, the server
 * gets a user id of its own that no account has: no other process can read its files or pass for it.
 */
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** UID and GID of nobody/nogroup on Linux. Other services run as nobody too. */
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 };

/**
 * Unused according to systemd's table of user ids (UIDS-GIDS.md): 60578 to 61183. They also exist in containers with
 * 65,536 ids.
 */
const FIRST_FREE_UID = 60_700;
const LAST_FREE_UID = 61_183;

export const ENVIRONMENT = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * @param cluster the database's directory, which may not exist yet
 * @returns undefined if the server runs as the user that we are
 * @throws Error if we are root and cannot run a program as another user
 */
export const serverUserOf = async (cluster: string): Promise<ServerUser | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(cluster).catch(() => NOBODY);
  const candidates = uid === 0 || uid === NOBODY.uid ? [ownUser(), NOBODY] : [{ uid, gid }];
  // In a container, this id may not be mapped.
  const user = candidates.find((candidate) => succeeds([...launcherAs(candidate), 'true']));
  if (user) return user;
  throw new Error(
    'PostgreSQL refuses to run as root, and it could not be run as another user (setpriv of util-linux): ' +
      'start Ringback as an ordinary user, or set DATABASE_URL.',
  );
};

const ownUser = (): ServerUser => {
  let id = FIRST_FREE_UID;
  while (id < LAST_FREE_UID && succeeds(['id', String(id)])) id++;
  return { uid: id, gid: id };
};

/**
 * initdb needs a user with a name, which the server's user does not have. Other processes of nobody are not in the
 * server's group. So they cannot enter a folder that only this group may enter, nor trace this process.
 */
export const userOfInitdb = ({ uid, gid }: ServerUser): ServerUser =>
  succeeds(['id', String(uid)]) ? { uid, gid } : { uid: NOBODY.uid, gid };

/** setpriv drops root and every capability permanently. */
export const launcherAs = ({ uid, gid }: ServerUser): string[] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--no-new-privs',
];

/** Whether that user can reach each of these paths. */
export const canReach = (user: ServerUser, paths: readonly string[]): boolean =>
  paths.every((path) => succeeds([...launcherAs(user), 'test', '-x', path]));

/** With `chown`, which follows no link, not even one that is created meanwhile; the folder itself is changed last. */
export const giveAllTo = ({ uid, gid }: ServerUser, folder: string): void => {
  execFileSync('chown', ['-R', '-h', '-P', `${uid}:${gid}`, folder], { stdio: 'pipe', cwd: '/', env: ENVIRONMENT });
};

const succeeds = ([command = '', ...options]: readonly string[]): boolean => {
  try {
    execFileSync(command, options, { stdio: 'ignore', cwd: '/', env: ENVIRONMENT });
    return true;
  } catch {
    return false;
  }
};
