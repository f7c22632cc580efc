/**
 * Root puts here what the embedded PostgreSQL's user must reach, if that user may not enter the original folder. A
 * capability to bypass permissions would be no alternative: it would open all of root's files.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  chown,
  readlink,
  realpath,
  rename,
  stat,
  symlink,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canReach, type ServerUser } from './server-user.js';

export const SHARED_FOLDER = '/var/lib/ringback';

/** The database's directory in the data directory, or a link to it in the shared folder. */
const CLUSTER = 'postgres';
/** The name of the link during the move. */
const MOVING = 'postgres.moving';

export const makeSharedFolder = async (): Promise<void> => {
  if (await mkdir(SHARED_FOLDER, { recursive: true })) await chmod(SHARED_FOLDER, 0o711);
};

/**
 * @returns the real path of the database's directory, which may not exist yet
 * @throws Error if it has been moved, and is gone from there
 */
export const findCluster = async (folder: string): Promise<string> => {
  const cluster = join(folder, CLUSTER);
  await finishMove(folder);
  const status = await lstat(cluster).catch(() => undefined);
  if (!status?.isSymbolicLink()) return cluster;
  return realpath(cluster).catch(async (cause: unknown) => {
    throw new Error(
      `The database of ${folder} is in ${await readlink(cluster)}, which cannot be read. Put it back there, or remove the ` +
        `link ${cluster} to begin with an empty database.`,
      { cause },
    );
  });
};

/** A process that was killed during the move has left either the directory in its old place or the target of the link. */
const finishMove = async (folder: string): Promise<void> => {
  const moving = join(folder, MOVING);
  if (!(await lstat(moving).catch(() => undefined))) return;
  if (await stat(moving).catch(() => undefined)) await rename(moving, join(folder, CLUSTER));
  else await unlink(moving);
};

/** @throws Error with a message for the operator, if there is no such place */
export const placeWithinReach = async (user: ServerUser, folder: string, cluster: string): Promise<string> => {
  if (canReach(user, [dirname(cluster)])) return cluster;
  const { uid, mode, dev } = await stat(folder);
  // A folder of root's alone: no group has a right in it that it could lose.
  if (uid === 0 && (mode & 0o070) === 0 && canReach(user, [dirname(folder)])) {
    await openToGroup(user, folder, mode);
    return cluster;
  }
  const isThere = (await stat(cluster).catch(() => undefined)) !== undefined;
  await makeSharedFolder().catch(() => undefined);
  const shared = await stat(SHARED_FOLDER).catch(() => undefined);
  // On another device the data may be lost with its container, or the move may be interrupted.
  if (!canReach(user, [SHARED_FOLDER]) || shared?.dev !== dev) {
    throw new Error(
      `PostgreSQL refuses to run as root, and the user that it runs as (uid ${user.uid}) may not enter ${folder}. ` +
        'Set DATA_DIR to a folder that every user may enter, start Ringback as an ordinary user, or set DATABASE_URL.',
    );
  }
  const place = await mkdtemp(join(SHARED_FOLDER, 'data-'));
  await openToGroup(user, place);
  const target = join(place, CLUSTER);
  await symlink(target, join(folder, MOVING));
  if (isThere) {
    await rename(cluster, target);
    await finishMove(folder);
  }
  return target;
};

/** Allows the server's group to traverse a folder of root. */
export const openToGroup = async ({ gid }: ServerUser, path: string, mode = 0o700): Promise<void> => {
  await chown(path, 0, gid);
  await chmod(path, (mode & 0o777) | 0o010);
};
