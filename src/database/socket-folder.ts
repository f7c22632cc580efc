/**
 * Where the embedded database's socket lives: not beside the data, because the path of a socket has 107 bytes at most
 * (103 on macOS). The name is random and the mode 0700.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'ringback-';
const SOCKET_NAME = '.s.PGSQL.5432';
const LONGEST_PATH = 103;

/** Of its last component. */
export const SOCKET_FOLDER = /^ringback-[A-Za-z0-9]{6}$/;

export const makeSocketFolder = async (): Promise<string> => {
  const longest = Buffer.byteLength(join(tmpdir(), `${PREFIX}XXXXXX`, SOCKET_NAME));
  return mkdtemp(join(longest <= LONGEST_PATH ? tmpdir() : '/tmp', PREFIX));
};
