/**
 * Creates the folder of the embedded database's socket. It is not beside the data, because a socket's path has at most
 * 107 bytes (103 on macOS). The name is random and the mode 0700.
 */
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canReach, type ServerUser } from './server-user.js';

const PREFIX = 'ringback-';
const SOCKET_NAME = '.s.PGSQL.5432';
const LONGEST_PATH = 103;

/** Matches the folder's name. */
export const SOCKET_FOLDER = /^ringback-[A-Za-z0-9]{6}$/;

/**
 * @param user of the server, if it is not ours
 * @throws Error with a message for the operator, if no folder is suitable
 */
export const makeSocketFolder = async (user: ServerUser | undefined): Promise<string> => {
  const places = tmpdir() === '/tmp' ? ['/tmp'] : [tmpdir(), '/tmp'];
  for (const place of places) {
    if (Buffer.byteLength(join(place, `${PREFIX}XXXXXX`, SOCKET_NAME)) > LONGEST_PATH) continue;
    if (user && !canReach(user, [place])) continue;
    // TMPDIR may name a folder that does not exist.
    const folder = await mkdtemp(join(place, PREFIX)).catch(() => undefined);
    if (folder === undefined) continue;
    if (user) await chown(folder, user.uid, user.gid);
    return folder;
  }
  throw new Error(
    `The embedded PostgreSQL needs a folder for its socket, and none can be made in ${places.join(' or ')}: set TMPDIR to a ` +
      'folder with a short path that can be written to, or set DATABASE_URL.',
  );
};
